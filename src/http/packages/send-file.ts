import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { OpenFile } from '../../gate/files/open-file.ts'
import { VerifiedFile } from '../../gate/files/verified-file.ts'
import type { ByteRange, OpenBlob } from '../../ports/blobs.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { HttpSettings, Serving } from '../exchange/settings.ts'
import { type Located, locateInFront } from './accel.ts'
import { readRange, type WantedRange } from './ranges.ts'

/** Strong: the bytes behind it never change. */
export function etagOf(sha256: Sha256): string {
  return `"sha256-${sha256}"`
}

/** What every answer about an admitted file says, 304 too. A later refusal must reach clients that have a copy. */
export function fileHeaders(settings: HttpSettings, etag: string): readonly string[] {
  return ['Accept-Ranges', 'bytes', ...headersOfEach(settings, etag)]
}

/** Without what only whoever sends the bytes can say. */
function headersOfEach({ clientCache }: HttpSettings, etag: string): readonly string[] {
  return [
    'ETag',
    etag,
    'Cache-Control',
    clientCache === 'forbid' ? 'no-store' : 'private, no-cache',
    'Access-Control-Allow-Origin',
    '*',
    ...NOSNIFF,
  ]
}

interface Leave {
  /** Asked right before the first byte leaves: false when it must not, and something else was answered. */
  readonly mayLeave: () => boolean | Promise<boolean>
  /** Writes down that it does; what it returns tells that it left, or a part of it with nothing wrong as far as it went. */
  readonly begun: () => () => void
}

/** Sends an opened file, or the part that a Range asks for. Takes over the blob: it is closed however this ends. */
export async function sendFile(serving: Serving, exchange: Exchange, opened: OpenFile, leave: Leave): Promise<void> {
  if (opened.kind === 'flowing') return await sendFlowing(serving, exchange, opened, leave)
  const { file, blob } = opened
  try {
    assertVerified(file)
    const allowed = leave.mayLeave()
    if (allowed !== true && !(await allowed)) return
    if (blob.sha256 !== file.sha256 || blob.size !== file.size)
      throw new GateError('unknown-bug', 'another blob was opened than the one that was verified')
    leave.begun()()
    await sendStored(serving, exchange, { file, blob })
  } finally {
    blob.close()
  }
}

async function sendStored(
  serving: Serving,
  exchange: Exchange,
  { file, blob }: Pick<Extract<OpenFile, { kind: 'stored' }>, 'file' | 'blob'>,
): Promise<void> {
  const wanted = wantedOf(exchange, file)
  const located = locateInFront(serving, exchange, { blob, wanted })
  if (located !== undefined) return sendLocation(serving, exchange, { file, wanted, located })
  const body = partOf(blob.bytes, wanted)
  const send = body === undefined ? undefined : serving.outlet.reserve(exchange, body)
  const range = sendHead(serving, exchange, file, wanted)
  if (send !== undefined) return send()
  if (range === undefined) return void exchange.response.end()
  await pump(serving, exchange, blob, range)
}

/**
 * The head of a whole file, without its body, for the front to send the file or the part of it that is wanted. nginx keeps its connection to
 * us only where the length is 0.
 */
function sendLocation(
  { settings }: Serving,
  exchange: Exchange,
  leaving: { readonly file: VerifiedFile; readonly wanted: WantedRange; readonly located: Located },
): void {
  const { file, wanted, located } = leaving
  exchange.accel = wanted.kind === 'part' ? wanted.range.end + 1 - wanted.range.start : file.size
  const headers = [...headersOfEach(settings, etagOf(file.sha256)), 'Content-Type', 'application/octet-stream']
  headers.push(located.header, located.location, 'Content-Length', '0')
  exchange.response.writeHead(200, headers)
  exchange.response.end()
}

/** Of a blob that is in memory; one that is sent whole is the same for all who read it. */
function partOf(bytes: Buffer | undefined, wanted: WantedRange): Buffer | undefined {
  if (bytes === undefined || wanted.kind === 'unsatisfiable') return undefined
  return wanted.kind === 'whole' ? bytes : bytes.subarray(wanted.range.start, wanted.range.end + 1)
}

/** Even a cast does not get by: the brand is looked at again at the door. */
function assertVerified(file: VerifiedFile): void {
  if (!VerifiedFile.is(file)) throw new GateError('unknown-bug', 'only a verified file can be sent')
}

function wantedOf(exchange: Exchange, { sha256, size }: VerifiedFile): WantedRange {
  const headers = { range: exchange.header('range'), ifRange: exchange.header('if-range') }
  return readRange(headers, { size, etag: etagOf(sha256) })
}

/** Writes the head and says which bytes follow: all, a part, or none. */
function sendHead(
  { settings }: Serving,
  { response }: Exchange,
  { sha256, size }: VerifiedFile,
  wanted: WantedRange,
): ByteRange | undefined {
  const headers = [...fileHeaders(settings, etagOf(sha256))]
  if (wanted.kind === 'unsatisfiable') {
    response.writeHead(416, [...headers, 'Content-Range', `bytes */${size}`, 'Content-Length', '0'])
    return undefined
  }
  const range = wanted.kind === 'part' ? wanted.range : { start: 0, end: size - 1 }
  headers.push('Content-Type', 'application/octet-stream', 'Content-Length', `${range.end + 1 - range.start}`)
  if (wanted.kind === 'part') headers.push('Content-Range', `bytes ${range.start}-${range.end}/${size}`)
  response.writeHead(wanted.kind === 'part' ? 206 : 200, headers)
  return range
}

interface Piece {
  readonly buffer: Buffer
  readonly length: number
}

/** Sends a document of the index, of any size; whoever opened it closes it. */
export async function sendDocument(
  serving: Serving,
  exchange: Exchange,
  { headers, document }: { readonly headers: readonly string[]; readonly document: OpenBlob },
): Promise<void> {
  const { bytes, size } = document
  if (bytes !== undefined) return sendAnswer(exchange, { status: 200, headers, body: bytes })
  exchange.response.writeHead(200, [...headers, 'Content-Length', `${size}`])
  if (exchange.isHead) return void exchange.response.end()
  await pump(serving, exchange, document, { start: 0, end: size - 1 })
}

/** Copies a blob to the connection: one piece is read while another is written, and no more than that. */
async function pump({ outlet }: Serving, exchange: Exchange, blob: OpenBlob, range: ByteRange): Promise<void> {
  let position = range.start

  async function read(): Promise<Piece> {
    const buffer = await outlet.take(exchange)
    const start = position
    const length = Math.min(buffer.length, range.end + 1 - start)
    position += length
    try {
      await readFully(blob, buffer.subarray(0, length), start)
      return { buffer, length }
    } catch (error) {
      outlet.give(buffer)
      throw error
    }
  }

  let ahead: Promise<Piece> | undefined = range.end < range.start ? undefined : read()
  try {
    while (ahead !== undefined) {
      const { buffer, length } = await ahead
      ahead = undefined
      if (exchange.isGone) return outlet.give(buffer)
      const written = outlet.writeTaken(exchange, buffer, length)
      if (position <= range.end && !outlet.tight) ahead = quiet(read())
      await written
      if (exchange.isGone) return
      if (ahead === undefined && position <= range.end) ahead = read()
    }
    exchange.response.end()
  } finally {
    if (ahead !== undefined) await ahead.then(({ buffer }) => outlet.give(buffer)).catch(() => {})
  }
}

/** Its failure is looked at when its turn comes. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

async function readFully(blob: OpenBlob, buffer: Buffer, position: number): Promise<void> {
  for (let done = 0; done < buffer.length; ) {
    const count = await blob.read(done === 0 ? buffer : buffer.subarray(done), position + done)
    if (count === 0) throw new GateError('unknown-store', 'a stored file was cut short')
    done += count
  }
}

/**
 * A file that is being fetched: the pieces as they are released, the last one only after size and sha256 agreed. The head
 * waits for the first piece, so that a failure before it has a status of its own; a later one resets the connection.
 */
async function sendFlowing(
  serving: Serving,
  exchange: Exchange,
  { file, chunks }: Extract<OpenFile, { kind: 'flowing' }>,
  { mayLeave, begun }: Leave,
): Promise<void> {
  assertVerified(file)
  const { outlet } = serving
  let tell: (() => void) | undefined
  let own: Buffer | undefined
  const take = async (): Promise<Buffer> => {
    own = await outlet.take(exchange)
    return own
  }
  try {
    for await (const chunk of chunks(take)) {
      if (exchange.isGone) break
      if (!exchange.response.headersSent) {
        if (!(await mayLeave())) return
        tell = begun()
        sendHead(serving, exchange, file, { kind: 'whole' })
      }
      const buffer = own
      own = undefined
      if (buffer !== undefined) await outlet.writeTaken(exchange, buffer, chunk.byteLength)
      else if ((await outlet.writeShared(exchange, chunk)) === 'lost') break
    }
  } finally {
    if (own !== undefined) outlet.give(own)
  }
  tell?.()
  if (exchange.isGone) return
  if (exchange.bytes !== file.size) return exchange.reset()
  exchange.response.end()
}
