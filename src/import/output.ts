import { once } from "node:events";
import {
  createWriteStream,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type WriteStream,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * The folder that an import makes. It is written beside its place and moved there when all is well, so that a failed
 * import leaves nothing behind.
 */
export class OutputFolder {
  readonly path: string;
  readonly #draft: string;
  readonly #streams: WriteStream[] = [];
  readonly files: string[] = [];

  /** @throws OutputError when the folder is there and not empty, or cannot be made */
  constructor(path: string) {
    this.path = path;
    const full = resolve(path);
    this.#draft = join(dirname(full), `.${basename(full)}.import`);
    try {
      if (isFilled(full)) throw new OutputError(`"${path}" is not empty — give another folder with --out`);
      rmSync(this.#draft, { recursive: true, force: true });
      mkdirSync(this.#draft, { recursive: true });
    } catch (error) {
      throw error instanceof OutputError
        ? error
        : new OutputError(`cannot make "${path}": ${(error as Error).message}`);
    }
  }

  write(name: string, text: string): void {
    const file = join(this.#draft, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    this.files.push(name);
  }

  /** A file that is written bit by bit: the function waits when the disk is slower than the reader. */
  open(name: string): (text: string) => Promise<void> {
    const stream = createWriteStream(join(this.#draft, name));
    this.#streams.push(stream);
    this.files.push(name);
    return async (text) => {
      if (!stream.write(text)) await once(stream, "drain");
    };
  }

  async finish(): Promise<void> {
    await this.#close();
    rmSync(resolve(this.path), { recursive: true, force: true });
    renameSync(this.#draft, resolve(this.path));
  }

  async abandon(): Promise<void> {
    await this.#close();
    rmSync(this.#draft, { recursive: true, force: true });
  }

  async #close(): Promise<void> {
    for (const stream of this.#streams.splice(0)) {
      stream.end();
      await once(stream, "close");
    }
  }
}

/** The machine's fault or the folder's: not the input's. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

function isFilled(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
