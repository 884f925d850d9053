import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a database that can go silent: it keeps its connections open, takes new ones, and forwards nothing of either. */
export class SilentProxy {
  private readonly sockets = new Set<Socket>()
  private isSilent = false

  private constructor(
    private readonly server: Server,
    /** The address that was given, through this proxy. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<SilentProxy> {
    const { hostname, port } = new URL(databaseUrl)
    const server = createServer((socket) => proxy.accept(socket, () => connect(Number(port || 5432), hostname)))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = new URL(databaseUrl)
    url.hostname = '127.0.0.1'
    url.port = String((server.address() as AddressInfo).port)
    const proxy = new SilentProxy(server, url.toString())
    return proxy
  }

  goSilent(): void {
    this.isSilent = true
    for (const socket of this.sockets) socket.unpipe().pause()
  }

  /** Forwards new connections again. Those from before stay silent for good, as after a failover. */
  comeBack(): void {
    this.isSilent = false
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }

  private accept(client: Socket, reach: () => Socket): void {
    this.keep(client)
    if (this.isSilent) return
    const database = this.keep(reach())
    client.pipe(database).pipe(client)
    client.once('close', () => database.destroy())
    database.once('close', () => client.destroy())
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket)
    return socket.on('error', () => undefined).once('close', () => this.sockets.delete(socket))
  }
}
