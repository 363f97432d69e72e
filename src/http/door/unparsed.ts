import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { resetConnection } from '../exchange/reset.ts'
import type { Door } from './door.ts'

/** What is no HTTP has no exchange. Where an answer is under way, words in the middle of its body would be worse. */
export function answerMalformed(error: Error & { readonly code?: string }, socket: Socket, door: Door): void {
  if (!socket.writable || error.code === 'ECONNRESET' || /^ERR_(?:SSL|TLS)_/.test(error.code ?? ''))
    return void socket.destroy()
  if (door.connections.isBusy(socket)) resetConnection(socket)
  else socket.end(answerText(statusOf(error.code)))
}

function statusOf(code: string | undefined): number {
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}

/** A tunnel is asked for on a bare socket, which nobody else looks after: no error of it may reach the process. */
export async function answerConnect(request: IncomingMessage, socket: Socket, door: Door): Promise<void> {
  socket.on('error', () => socket.destroy())
  socket.on('timeout', () => socket.destroy())
  try {
    const entry = await door.ask(request)
    if ('subject' in entry) socket.end(answerText(405, ['Allow', 'GET, HEAD']))
    else socket.end(answerText(entry.turnedAway.status, entry.turnedAway.headers))
  } catch {
    socket.end(answerText(503)) // a guard that cannot tell
  }
}

/** An answer without a body, and the last one of its connection; `headers` are names and values in turn. */
function answerText(status: number, headers: readonly string[] = []): string {
  const fields = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []))
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`
  return [line, ...fields, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n')
}
