/** The page's own files. Seen from a room and from the folder of the built chunks alike, so not from a folder in a room. */
export const ASSETS = new URL("../../assets/report/", import.meta.url);
