import { connect, createServer, type Socket } from 'node:net'

/** `cut`: every connection breaks, and no new one comes about; `silent`: connections stay, and nothing comes through. */
export type LinkMood = 'fine' | 'cut' | 'silent'

/** A line between one program and a server on loopback, that can be cut. */
export interface Link {
  readonly port: number
  be(mood: LinkMood): void
  close(): Promise<void>
}

export async function startLink(target: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let mood: LinkMood = 'fine'

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }

  const server = createServer({ pauseOnConnect: true }, near => {
    keep(near)
    if (mood === 'cut') return void near.destroy()
    const far = connect(target, '127.0.0.1')
    keep(far)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
    near.pipe(far)
    far.pipe(near)
    if (mood === 'silent') for (const socket of [near, far]) socket.pause()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return {
    port: address.port,
    be(next) {
      mood = next
      for (const socket of sockets)
        if (next === 'cut') socket.resetAndDestroy()
        else if (next === 'silent') socket.pause()
        else socket.resume()
    },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
