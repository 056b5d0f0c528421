/** The face of the room `control`: the controllers, each in a file or folder of its own. */
export { WorkQueue } from "./work-queue.ts";
