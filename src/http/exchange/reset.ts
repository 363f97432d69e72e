import type { Socket } from 'node:net'

/** The socket below each that speaks TLS: only that one can be reset. */
const carriers = new WeakMap<Socket, Socket>()

export function carriedBy(secure: Socket, carrier: Socket): void {
  carriers.set(secure, carrier)
}

/** Ends a connection with a reset, below TLS too: whoever reads a body must not take its end for the end. */
export function resetConnection(socket: Socket): void {
  const carrier = carriers.get(socket)
  if (carrier === undefined) socket.resetAndDestroy()
  else if (!carrier.destroyed) carrier.resetAndDestroy()
  if (carrier !== undefined) socket.destroy()
}
