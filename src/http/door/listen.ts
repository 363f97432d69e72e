import type { FastifyInstance } from 'fastify'
import { GateError } from '../../domain/base/errors.ts'

/** Resolves to `http://host:port` as bound. A busy port is no defect: somebody has to choose another (`config-invalid`). */
export async function listenAt(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw unlistenable(error, host, port)
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
}

const UNLISTENABLE: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'is in use by another process'],
  ['EACCES', 'may not be listened on by this user'],
  ['EADDRNOTAVAIL', 'is no address of this machine'],
])

function unlistenable(error: unknown, host: string, port: number): unknown {
  const why = error instanceof Error && 'code' in error ? UNLISTENABLE.get(error.code) : undefined
  if (why === undefined) return error
  const detail = `${host}:${port} ${why}: choose another address with --listen, PORTCULLIS_LISTEN or listen`
  return new GateError('config-invalid', detail, { cause: error })
}
