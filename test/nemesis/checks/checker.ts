import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { ERRORS } from '../../../src/domain/base/errors.ts'
import { REFUSALS } from '../../../src/domain/base/refusal.ts'
import { INTERNAL, type IndexPage, type KnownFile, SECRET, type Truth } from '../truth.ts'
import type { Answer } from '../wire.ts'
import { allow, type InForce } from './in-force.ts'

/** Something that must never be. */
export interface Violation {
  readonly what: string
  readonly detail: string
}

export interface Checker {
  /** everything that was wrong; of many of a kind the first */
  readonly violations: readonly Violation[]
  readonly answers: number
  /** of bodies that were looked at */
  readonly bytes: number
  readonly statuses: ReadonlyMap<number, number>
  /** 5xx and 4xx by the code that they told */
  readonly codes: ReadonlyMap<string, number>
  see(answer: Answer): void
  /** bytes that came over a connection whose answers nobody took apart */
  seeRaw(client: string, bytes: Buffer): void
  add(what: string, detail: string): void
}

interface Options {
  readonly truth: Truth
  readonly inForce: InForce
  readonly mode: 'list' | 'annotate' | 'hide'
}

const MOST_OF_A_KIND = 5
/** what makes bytes a file's: so many from its middle */
const MARK = 48

/** Looks at everything that was answered, and compares it with the truth. */
export function createChecker(options: Options): Checker {
  const violations: Violation[] = []
  const kinds = new Map<string, number>()
  const statuses = new Map<number, number>()
  const codes = new Map<string, number>()
  let answers = 0
  let bytes = 0

  function add(what: string, detail: string): void {
    const count = (kinds.get(what) ?? 0) + 1
    kinds.set(what, count)
    if (count <= MOST_OF_A_KIND) violations.push({ what, detail })
  }

  const marks = options.truth.files
    .filter(({ admittedBy, bytes: { length } }) => admittedBy.length === 0 && length > 4 * MARK)
    .map(file => ({ file, mark: file.bytes.subarray(file.bytes.length >> 1, (file.bytes.length >> 1) + MARK) }))

  return {
    violations,
    get answers() {
      return answers
    },
    get bytes() {
      return bytes
    },
    statuses,
    codes,
    add,
    see(answer) {
      answers += 1
      bytes += answer.body.length
      const { status } = answer
      if (status === undefined) return
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const code = codeOf(answer)
      if (code !== undefined) codes.set(code, (codes.get(code) ?? 0) + 1)
      const tell: Tell = what => add(what, told(answer))
      checkForm(answer, code, tell)
      checkBytes(options, answer, tell)
      checkFile(options, answer, code, tell)
      checkPage(options, answer, tell)
    },
    seeRaw(client, heard) {
      answers += 1
      bytes += heard.length
      for (const { file, mark } of marks)
        if (heard.includes(mark))
          add('bytes of a refused file left', `${file.filename}, to ${client} over a bare connection`)
      if (/HTTP\/1\.1 500 /.test(heard.toString('latin1'))) add('500', `to ${client} over a bare connection`)
    },
  }
}

type Tell = (what: string) => unknown

function told({ asked, method, status, body, complete }: Answer): string {
  const request = `${method} ${asked.path.slice(0, 200)} ${JSON.stringify(asked.headers ?? {})} by ${asked.client}`
  return `${request}: ${status}, ${body.length} bytes${complete ? '' : ', broken off'}, ${JSON.stringify(textOf(body).slice(0, 400))}`
}

function textOf(body: Buffer): string {
  return body.subarray(0, 4096).toString('utf8')
}

/** The code of a problem document. */
export function codeOf({ headers, body, complete }: Answer): string | undefined {
  if (!complete || body.length === 0 || headers['content-type'] !== 'application/problem+json') return undefined
  try {
    const { code } = JSON.parse(body.toString('utf8')) as { readonly code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}

/** "No" is 403 with the reason, "cannot tell" a 5xx with a time to try again; nothing else is either. */
function checkForm(
  { asked, status = 0, method, headers, body, complete }: Answer,
  code: string | undefined,
  tell: Tell,
): void {
  if (status === 500) return void tell('500')
  if (!complete) return
  const isTold = method !== 'HEAD' && body.length > 0
  // whether the gate is ready is told in a form of its own, and 503 is how balancers read it
  if (status > 500 && !asked.path.startsWith('/readyz')) {
    if (!/^\d+$/.test(headers['retry-after'] ?? '')) tell('a 5xx without a time to try again')
    if (isTold && !(code !== undefined && Object.hasOwn(ERRORS, code))) tell('a 5xx without a code')
  }
  if (status === 403) {
    if (headers['cache-control'] !== 'no-store') tell('a refusal that may be kept')
    if (isTold && !(code !== undefined && Object.hasOwn(REFUSALS, code))) tell('a 403 that is no refusal')
  }
}

/** Whatever was asked for: a whole answer is never a refused file, and never leads to the upstream. */
function checkBytes({ truth, inForce }: Options, answer: Answer, tell: Tell): void {
  const { status, body, complete, headers } = answer
  if (status === 200 && complete && body.length > 0) {
    const plain = decoded(answer)
    for (const each of plain === body ? [body] : [body, plain]) {
      const sha256 = sha256Of(each)
      const file = truth.byDigest.get(sha256)
      if (file !== undefined && !allow(inForce, answer, file)) tell(`a refused file left: ${file.filename}`)
      if (truth.neverWhole.has(sha256)) tell('bytes that nobody signed left whole')
    }
  }
  if (answer.asked.path.startsWith('/packages/')) return
  const { origin, filesOrigin } = truth.world.upstream
  const said = `${JSON.stringify(headers)}\n${body.length > 4_000_000 ? '' : decoded(answer).toString('latin1')}`
  if ([origin, filesOrigin].some(each => said.includes(new URL(each).host))) tell('an answer leads to the upstream')
  if (said.includes(SECRET)) tell('a secret was answered')
}

function decoded({ headers, body, complete }: Answer): Buffer {
  const coding = headers['content-encoding']
  if (coding === undefined || body.length === 0 || !complete) return body
  try {
    return coding === 'zstd' ? zstdDecompressSync(body) : gunzipSync(body)
  } catch {
    return body
  }
}

const FILE = /^(\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/?#]+?)(\.metadata)?$/

/** The file door: what policy refuses does not leave by a byte, what leaves whole is what was signed, what is honest is not refused. */
function checkFile({ truth, inForce }: Options, answer: Answer, code: string | undefined, tell: Tell): void {
  const [, path = '', metadata] = FILE.exec(answer.asked.path) ?? []
  const file = truth.byPath.get(path)
  const { status = 0 } = answer
  if (file === undefined || ![200, 206, 304, 403, 404].includes(status)) return
  const allowed = file.project !== INTERNAL && allow(inForce, answer, file)
  if (status === 403 || status === 404) {
    // with another spelling of the method or of a header nothing is owed
    if (file.isHonest && allowed && isAlways(inForce, answer, file) && metadata === undefined && !isSpoilt(file))
      tell(`an honest file was ${status === 403 ? 'refused' : 'not found'}: ${code}`)
    return
  }
  if (!allowed)
    return void tell(status === 304 ? 'a refused file was confirmed' : `bytes of a refused file left: ${file.filename}`)
  if (answer.method === 'HEAD' || status === 304) return
  if (metadata !== undefined) checkMetadata(file, answer, tell)
  else if (status === 200) checkWhole(file, answer, tell)
  else checkPart(file, answer, tell)
}

function isSpoilt({ project }: KnownFile): boolean {
  return project === 'swapped'
}

function isAlways(inForce: InForce, { began, headAt }: Answer, file: KnownFile): boolean {
  return inForce.during(began, headAt).every(name => file.admittedBy.includes(name))
}

function checkWhole(file: KnownFile, { body, complete }: Answer, tell: Tell): void {
  if (complete && !body.equals(file.bytes)) tell(`other bytes left whole as ${file.filename}`)
}

/** RFC 9110 §14.4 */
function checkPart(file: KnownFile, { headers, body, complete }: Answer, tell: Tell): void {
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  if (first === undefined || Number(size) !== file.bytes.length) return void tell('a part that says not of what')
  const part = file.bytes.subarray(Number(first), Number(last) + 1)
  if (complete ? !body.equals(part) : !part.subarray(0, body.length).equals(body))
    tell(`other bytes left as a part of ${file.filename}`)
}

/** Of a project about which lies are told it may be another text, but only one that is METADATA of this very release. */
function checkMetadata(file: KnownFile, { body, complete }: Answer, tell: Tell): void {
  if (!complete || body.equals(file.metadata)) return
  if (file.isHonest) return void tell(`other METADATA left of ${file.filename}`)
  const text = body.toString('utf8')
  const says = (field: string, value: string) => text.split('\n').includes(`${field}: ${value}`)
  if (!says('Name', file.project) || !says('Version', file.version)) tell('METADATA of something else left')
}

/** A page is never 403, and one of an honest project says what is so. */
function checkPage({ truth, mode }: Options, answer: Answer, tell: Tell): void {
  const { status, complete, method, headers } = answer
  const [, project = ''] = /^\/simple\/([a-z]+)\/$/.exec(answer.asked.path) ?? []
  if (/^\/(?:simple|pypi)\//.test(answer.asked.path) && status === 403) tell('a page was refused')
  if (status !== 200 || !complete || method !== 'GET' || !truth.honest.includes(project)) return
  if (headers['content-type'] !== 'application/vnd.pypi.simple.v1+json') return
  const page = JSON.parse(decoded(answer).toString('utf8')) as IndexPage
  const known = truth.filesOf(project)
  for (const { filename, hashes } of page.files)
    if (!known.some(file => file.filename === filename && file.sha256 === hashes['sha256']))
      tell('a page lists what is not there')
  if (mode !== 'hide' && page.files.length !== known.length) tell('a page leaves something out')
}
