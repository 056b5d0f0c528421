/** A run cannot be gone on with: why not, and what to do. */
export class ResumeRefusal extends Error {
  override readonly name = "ResumeRefusal";
}

/** The output folder cannot be written: permissions, space, a file in the way. The machine's fault or the user's, not a bug. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EPERM", "not permitted"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "no space left"],
  ["ENOENT", "the folder cannot be made there"],
  ["EDQUOT", "the disk quota is used up"],
  ["ENOTDIR", "a file is in the way"],
  ["EEXIST", "a file is in the way"],
  ["ENAMETOOLONG", "the name is too long"],
]);

/** Does what writes to `path`, and turns what the system refuses into words. @throws OutputError */
export function guarded<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== "string") throw error;
    throw new OutputError(`cannot write ${path}: ${REASONS.get(code) ?? code}`, { cause: error });
  }
}
