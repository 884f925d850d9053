/** What a server says of itself on its output once it is ready. */
export interface Announcement {
  /** `http://<host>:<port>`, as in {@link TestServer.url}. */
  url: string
  /** The key of the first start, where it is printed. */
  key: string | undefined
}

/** Reads what a server that runs in a process of its own has printed so far. @returns undefined until it is ready */
export function announcementIn(output: string): Announcement | undefined {
  const url = /^ *API +(https?:\/\/[^/\s]+)\/.*^ *Health [^\n]*\n/ms.exec(output)?.[1]
  return url === undefined ? undefined : { url, key: /phx_[\w-]+/.exec(output)?.[0] }
}
