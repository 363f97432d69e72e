import { type MessagePort, parentPort } from 'node:worker_threads'
import { cut } from '../domain/base/cut.ts'
import { GateError } from '../domain/base/errors.ts'
import { createLegacyReader, type LegacyFile, type LegacyJson } from '../protocol/legacy/legacy-json.ts'
import type { ProjectIndex } from '../protocol/simple/project-index.ts'
import { createPageReader } from '../protocol/simple/project-page.ts'
import { UnreadableStatus } from '../protocol/simple/project-status.ts'
import { decodeInPieces } from './coded.ts'
import { toColumns } from './index-columns.ts'
import type { LegacyColumns, ParseAnswer, ParseRequest } from './parser-messages.ts'

/** files in one message, which the thread that answers takes in at one go */
const PIECE = 256
const LONGEST_UNTRUSTED = 300

async function read(request: ParseRequest): Promise<ParseAnswer> {
  const { id, document, order, port } = request
  try {
    if (order.kind === 'page') {
      const reader = createPageReader(order.mediaType, order.context)
      for await (const piece of decodeInPieces(document)) reader.write(piece)
      return answerPage(id, reader.end(), port)
    }
    const reader = createLegacyReader(order.context)
    for await (const piece of decodeInPieces(document)) reader.write(piece)
    return answerLegacy(id, reader.end(), port)
  } catch (error) {
    if (!(error instanceof GateError))
      return {
        id,
        kind: 'failed',
        code: 'unknown-bug',
        detail: 'a document could not be read',
        untrusted: error instanceof Error ? cut(error.message, LONGEST_UNTRUSTED) : undefined,
        status: false,
      }
    const { code, detail } = error
    return {
      id,
      kind: 'failed',
      code,
      detail,
      untrusted: shown(error.untrusted),
      status: error instanceof UnreadableStatus,
    }
  }
}

function answerPage(id: number, { files, ...page }: ProjectIndex, port: MessagePort): ParseAnswer {
  for (let at = 0; at < files.length; at += PIECE) port.postMessage(toColumns(files.slice(at, at + PIECE)))
  return { id, kind: 'page', page }
}

function answerLegacy(id: number, { releases, urls, ...json }: LegacyJson, port: MessagePort): ParseAnswer {
  const files = [...(releases ?? []).flatMap(release => release.files), ...urls]
  for (let at = 0; at < files.length; at += PIECE) port.postMessage(legacyColumns(files.slice(at, at + PIECE)))
  return {
    id,
    kind: 'legacy',
    json,
    releases: releases?.map(({ version, hadFiles, files: own }) => ({ version, hadFiles, count: own.length })),
  }
}

function legacyColumns(files: readonly LegacyFile[]): LegacyColumns {
  return {
    filename: files.map(({ filename }) => filename),
    sha256: files.map(({ sha256 }) => sha256),
    places: Float64Array.from(files.flatMap(({ from, to }) => [from, to])),
  }
}

/** Whatever it was that the upstream said, its beginning is enough for a log. */
function shown(untrusted: unknown): string | undefined {
  return untrusted === undefined ? undefined : cut(JSON.stringify(untrusted), LONGEST_UNTRUSTED)
}

/** The bytes of a legacy document are handed over, not copied. */
function transferable(answer: ParseAnswer): readonly ArrayBuffer[] {
  if (answer.kind !== 'legacy') return []
  const { buffer, byteLength } = answer.json.bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
}

parentPort?.on('message', (request: ParseRequest) => {
  void read(request).then(answer => {
    parentPort?.postMessage(answer, transferable(answer))
  })
})
