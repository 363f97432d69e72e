import type { Exchange } from './exchange.ts'

/** An answer whose body is at hand. */
export interface WholeAnswer {
  readonly status: number
  /** ASCII; absent: the status code's own phrase */
  readonly reason?: string
  /** names and values in turn, as `writeHead` takes them; Content-Length is added here */
  readonly headers: readonly string[]
  /** absent: no body and no length (304) */
  readonly body?: Buffer
}

/** No body is guessed at, and no page of ours shows up inside another one. */
export const NOSNIFF = ['X-Content-Type-Options', 'nosniff'] as const

/** Writes a whole answer. To HEAD it says all that GET would say, without the body. */
export function sendAnswer(exchange: Exchange, { status, reason, headers, body }: WholeAnswer): void {
  const { response } = exchange
  if (exchange.over) return
  const lines = body === undefined ? (headers as string[]) : [...headers, 'Content-Length', `${body.length}`]
  if (reason === undefined) response.writeHead(status, lines)
  else response.writeHead(status, reason, lines)
  if (body === undefined || exchange.isHead) return void response.end()
  exchange.bytes = body.length
  response.end(body)
}
