import { GateError } from '../../domain/base/errors.ts'
import type { Exchange } from '../exchange/exchange.ts'

/** bytes; what a form of a few fields never has */
export const FORM_BYTES = 64 * 1024

/** of a form; no page of ours has as many */
const MOST_FIELDS = 200

/** What a form says, by the name of each field. */
export interface Fields {
  /** The first of this name, a file as its text; `undefined`: there is none. */
  get(name: string): string | undefined
  all(name: string): readonly string[]
}

/** The body of a request, at most `most` bytes of it. Throws `body-too-large`, `bad-form` where it broke off. */
export async function readBody({ request, response }: Exchange, most = FORM_BYTES): Promise<Buffer<ArrayBuffer>> {
  const told = Number(request.headers['content-length'] ?? 0)
  if (told > most) throw tooLarge(most)
  // RFC 9110, 10.1.1: who asks first waits for a yes
  if (request.headers.expect !== undefined) response.writeContinue()
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.length
      if (bytes > most) throw tooLarge(most)
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof GateError) throw error
    throw new GateError('bad-form', 'the request broke off before its end', { cause: error })
  }
  return Buffer.concat(pieces, bytes)
}

/** A form as browsers send it, in either of their ways. Throws `unsupported-type`, `body-too-large`, `bad-form`. */
export async function readForm(exchange: Exchange, most = FORM_BYTES): Promise<Fields> {
  const written = exchange.request.headers['content-type'] ?? ''
  const type = mediaTypeOf(exchange)
  if (type !== URL_ENCODED && type !== MULTIPART)
    throw new GateError('unsupported-type', `a form is ${URL_ENCODED} or ${MULTIPART}`)
  const body = await readBody(exchange, most)
  // before anything is taken apart: what does that takes a time that grows with the square of them
  const separator = type === URL_ENCODED ? '&' : boundaryOf(written)
  if (occurrences(body, separator) > MOST_FIELDS)
    throw new GateError('bad-form', `a form has at most ${MOST_FIELDS} fields`)
  if (type === URL_ENCODED) {
    const fields = new URLSearchParams(body.toString())
    return { get: name => fields.get(name) ?? undefined, all: name => fields.getAll(name) }
  }
  return await readParts(body, written)
}

/** Lower case, without parameters; empty where nothing is said. */
export function mediaTypeOf({ request }: Pick<Exchange, 'request'>): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** RFC 2046, 5.1.1; a form that names none is one that cannot be told apart. */
function boundaryOf(type: string): string {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) throw new GateError('bad-form', 'the parts of the form cannot be told apart')
  return `--${boundary}`
}

function occurrences(body: Buffer, text: string): number {
  let count = 0
  for (let at = body.indexOf(text); at >= 0 && count <= MOST_FIELDS; at = body.indexOf(text, at + text.length))
    count += 1
  return count
}

const URL_ENCODED = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data'

async function readParts(body: Buffer<ArrayBuffer>, type: string): Promise<Fields> {
  const fields = new Map<string, string[]>()
  try {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData()
    for (const [name, value] of form.entries()) {
      const text = typeof value === 'string' ? value : await value.text()
      const before = fields.get(name)
      if (before === undefined) fields.set(name, [text])
      else before.push(text)
    }
  } catch (error) {
    throw new GateError('bad-form', 'the parts of the form cannot be told apart', { cause: error })
  }
  return { get: name => fields.get(name)?.[0], all: name => fields.get(name) ?? [] }
}

function tooLarge(most: number): GateError {
  return new GateError('body-too-large', `at most ${most} bytes are taken here`)
}
