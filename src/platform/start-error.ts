/** The server cannot start. The message is one line that names the thing and the way out. */
export class StartError extends Error {}
