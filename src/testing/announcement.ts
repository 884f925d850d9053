/** What a server prints once it is ready. */
export interface Announcement {
  /** `http://<host>:<port>`, as in {@link TestServer.url}. */
  url: string
  /** The key of the first start, if it was printed. */
  key: string | undefined
}

/** Parses the output of a server in a process of its own. @returns undefined until the server is ready */
export function announcementIn(output: string): Announcement | undefined {
  const url = /^ *API +(https?:\/\/[^/\s]+)\/.*^ *Health [^\n]*\n/ms.exec(output)?.[1]
  return url === undefined ? undefined : { url, key: /phx_[\w-]+/.exec(output)?.[0] }
}
