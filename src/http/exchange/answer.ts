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
  /** `words`: what people read, which may repeat what somebody else wrote: no secret of the configuration leaves in it */
  readonly holds?: 'words'
}

/** No body is guessed at, and no page of ours shows up inside another one. */
export const NOSNIFF = ['X-Content-Type-Options', 'nosniff'] as const

/** Writes a whole answer. To HEAD it says all that GET would say, without the body. Throws `unknown-overloaded`. */
export function sendAnswer(exchange: Exchange, answer: WholeAnswer): void {
  const { response, way } = exchange
  if (exchange.over) return
  const { status, reason, headers, body } = answer.holds === 'words' ? cleaned(exchange, answer) : answer
  const send = body === undefined || exchange.isHead ? undefined : way.reserve(exchange, body)
  const lines = body === undefined ? (headers as string[]) : [...headers, 'Content-Length', `${body.length}`]
  if (reason === undefined) response.writeHead(status, lines)
  else response.writeHead(status, reason, lines)
  if (send === undefined) response.end()
  else send()
}

function cleaned({ way: { clean } }: Exchange, answer: WholeAnswer): WholeAnswer {
  const { reason, body } = answer
  const text = body?.toString()
  const told = text === undefined ? undefined : clean(text)
  return {
    ...answer,
    ...(reason === undefined ? {} : { reason: clean(reason) }),
    ...(told === undefined || told === text ? {} : { body: Buffer.from(told) }),
  }
}
