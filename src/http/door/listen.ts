import type { Server } from 'node:http'
import { GateError } from '../../domain/base/errors.ts'

export interface Listening {
  readonly server: Pick<Server, 'address'>
  /** Throws what the system says. */
  listen(at: { readonly host: string; readonly port: number }): Promise<void>
}

/** Resolves to `http://host:port` as bound, or to `https:`. A busy port is no defect: somebody has to choose another (`config-invalid`). */
export async function listenAt(
  listening: Listening,
  { host, port }: { readonly host: string; readonly port: number },
  scheme: 'http' | 'https' = 'http',
  setting = '--listen, PORTCULLIS_LISTEN or listen',
): Promise<string> {
  try {
    await listening.listen({ host, port })
  } catch (error) {
    throw unlistenable(error, `${host}:${port}`, setting)
  }
  const address = listening.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`
}

const UNLISTENABLE: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'is in use by another process'],
  ['EACCES', 'may not be listened on by this user'],
  ['EADDRNOTAVAIL', 'is no address of this machine'],
])

function unlistenable(error: unknown, at: string, setting: string): unknown {
  const why = error instanceof Error && 'code' in error ? UNLISTENABLE.get(error.code) : undefined
  if (why === undefined) return error
  const detail = `${at} ${why}: choose another address with ${setting}`
  return new GateError('config-invalid', detail, { cause: error })
}
