import { sendAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Outlet } from '../exchange/outlet.ts'
import type { Html } from '../markup/html.ts'

/** What a page, a form or a call of the console answers. */
export interface ConsoleAnswer {
  readonly status: number
  /** names and values in turn; those of {@link CONSOLE_HEADERS} are added, where they are not among them */
  readonly headers?: readonly string[]
  /** what comes in pieces is sent as it comes */
  readonly body?: Buffer | AsyncIterable<Buffer | string>
}

/**
 * Nothing runs or shows but what the console serves itself, nobody frames it, and no cache keeps it. The referrer stays at home, and is not left out
 * there: without one browsers say `Origin: null` with a form (Fetch, 3.2).
 */
export const CONSOLE_HEADERS: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
]

export const HTML_TYPE = 'text/html; charset=utf-8'

/** Names and values in turn, with all that every answer of the console has. */
export function withConsoleHeaders(headers: readonly string[]): readonly string[] {
  const named = new Set(headers.flatMap((name, at) => (at % 2 === 0 ? [name.toLowerCase()] : [])))
  return [...headers, ...CONSOLE_HEADERS.filter(([name]) => !named.has(name.toLowerCase())).flat()]
}

export function shownAs(document: Html, status = 200): ConsoleAnswer {
  return { status, headers: ['Content-Type', HTML_TYPE], body: Buffer.from(document.text) }
}

/** To another page, to be fetched by GET. `path` is one of ours, written here: it is no text of a request. */
export function seeOther(path: string, headers: readonly string[] = []): ConsoleAnswer {
  return { status: 303, headers: ['Location', path, ...headers], body: Buffer.alloc(0) }
}

export function jsonOf(value: unknown, status = 200): ConsoleAnswer {
  return { status, headers: ['Content-Type', 'application/json'], body: Buffer.from(`${JSON.stringify(value)}\n`) }
}

/** What is saved as a file. `filename`: letters, digits, `.`, `_` and `-`. */
export function downloadOf(
  filename: string,
  contentType: string,
  body: Buffer | AsyncIterable<Buffer | string>,
): ConsoleAnswer {
  const headers = ['Content-Type', contentType, 'Content-Disposition', `attachment; filename="${filename}"`]
  return { status: 200, headers, body }
}

/** Sends it through the outlet. What fails in the middle of a body cuts the connection. */
export async function sendConsoleAnswer(exchange: Exchange, answer: ConsoleAnswer, outlet: Outlet): Promise<void> {
  const { status, body } = answer
  const headers = withConsoleHeaders(answer.headers ?? [])
  if (body === undefined || Buffer.isBuffer(body)) {
    sendAnswer(exchange, { status, headers, holds: 'words', ...(body === undefined ? {} : { body }) })
    return
  }
  if (exchange.over) return
  exchange.response.writeHead(status, headers as string[])
  if (!exchange.isHead) {
    for await (const piece of body) {
      const bytes = Buffer.from(typeof piece === 'string' ? exchange.way.clean(piece) : piece)
      if ((await outlet.writeShared(exchange, bytes)) === 'lost') return
    }
  }
  exchange.response.end()
}
