import type { Test } from 'tap'
import { SIMPLE_JSON } from '../mischief/stage.ts'
import { type KnownFile, SECRET, type Truth } from '../truth.ts'
import type { Answer, Asked } from '../wire.ts'
import { createChecker } from './checker.ts'
import { createInForce } from './in-force.ts'

/** What came, and what is wrong about it. */
type Case = readonly [what: string, answer: Answer, seen: readonly string[]]

/** A checker that finds nothing has to be one that would: what must not be answered, it sees, and nothing else. */
export function assertTeeth(t: Test, truth: Truth): void {
  for (const [what, answer, seen] of [...rightAnswers(truth), ...wrongFiles(truth), ...wrongForms(truth)]) {
    const checker = createChecker({ truth, inForce: createInForce('open'), mode: 'list' })
    checker.see(answer)
    t.strictSame(
      checker.violations.map(violation => violation.what),
      seen,
      what,
    )
  }
  const { bare, revocable } = filesOf(truth)
  const checker = createChecker({ truth, inForce: createInForce('strict'), mode: 'list' })
  checker.see(came(revocable.path, 200, { body: revocable.bytes }))
  checker.seeRaw('127.0.0.1', Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), bare.bytes]))
  t.equal(checker.violations.length, 3, 'what is revoked, and what comes over a bare connection')
}

function filesOf(truth: Truth) {
  const of = (project: string): KnownFile => {
    const file = truth.filesOf(project).find(({ kind }) => kind === 'wheel')
    if (file === undefined) throw new TypeError(`there is no wheel of ${project}`)
    return file
  }
  return { good: of('calmone'), bare: of('bare'), doubtful: of('liedone'), revocable: of('revocable') }
}

const PROBLEM = 'application/problem+json'
const REFUSED = { body: '{"code":"unattested"}', type: PROBLEM }
const UNKNOWN = { body: '{"code":"unknown-upstream"}', type: PROBLEM }
const UNKEPT = { 'cache-control': 'no-store' }
const LATER = { 'retry-after': '2' }

/** Ten bytes in, fifty long; `said` is where they are said to begin. */
function partOf({ bytes }: KnownFile, said: number) {
  const body = bytes.subarray(10, 60)
  return { body, headers: { 'content-range': `bytes ${said}-${said + 49}/${bytes.length}` } }
}

function rightAnswers(truth: Truth): readonly Case[] {
  const { good, bare, revocable } = filesOf(truth)
  const page = JSON.stringify(truth.pageOf('calmone')).replaceAll(truth.world.upstream.filesOrigin, '')
  return [
    ['an admitted file', came(good.path, 200, { body: good.bytes }), []],
    ['a part of it', came(good.path, 206, partOf(good, 10)), []],
    ['its METADATA', came(`${good.path}.metadata`, 200, { body: good.metadata }), []],
    ['a refusal', came(bare.path, 403, { ...REFUSED, headers: UNKEPT }), []],
    ['"cannot tell"', came(good.path, 503, { ...UNKNOWN, headers: LATER }), []],
    ['a page', came('/simple/calmone/', 200, { body: page, type: SIMPLE_JSON }), []],
    ['what the policy of the moment admits', came(revocable.path, 200, { body: revocable.bytes }), []],
  ]
}

function wrongFiles(truth: Truth): readonly Case[] {
  const { good, bare, doubtful } = filesOf(truth)
  const [whole, bytes] = [`a refused file left: ${bare.filename}`, `bytes of a refused file left: ${bare.filename}`]
  const longer = Buffer.concat([good.bytes, Buffer.from('x')])
  const { posing } = truth.texts
  return [
    ['a refused file', came(bare.path, 200, { body: bare.bytes }), [whole, bytes]],
    ['a piece of it', came(bare.path, 200, { body: bare.bytes.subarray(0, 9), complete: false }), [bytes]],
    ['that it may be kept', came(bare.path, 304, {}), ['a refused file was confirmed']],
    ['that it is there', came(bare.path, 200, {}, { method: 'HEAD' }), [bytes]],
    [
      'one as METADATA',
      came(`${doubtful.path}.metadata`, 200, { body: posing.bytes }),
      [`a refused file left: ${posing.filename}`],
    ],
    ['one as anything', came('/healthz', 200, { body: bare.bytes }), [whole]],
    ['other bytes', came(good.path, 200, { body: longer }), [`other bytes left whole as ${good.filename}`]],
    ['another part', came(good.path, 206, partOf(good, 11)), [`other bytes left as a part of ${good.filename}`]],
    [
      'other METADATA',
      came(`${good.path}.metadata`, 200, { body: 'Name: calmone\n' }),
      [`other METADATA left of ${good.filename}`],
    ],
    [
      'METADATA of nobody',
      came(`${doubtful.path}.metadata`, 200, { body: 'Name: evil\n' }),
      ['METADATA of something else left'],
    ],
  ]
}

function wrongForms(truth: Truth): readonly Case[] {
  const { good, bare } = filesOf(truth)
  const page = JSON.stringify(truth.pageOf('calmone'))
  return [
    ['500', came(good.path, 500, UNKNOWN), ['500']],
    ['503 without a time', came(good.path, 503, UNKNOWN), ['a 5xx without a time to try again']],
    ['503 without a code', came(good.path, 503, { body: 'no', headers: LATER }), ['a 5xx without a code']],
    [
      'an honest file refused',
      came(good.path, 403, { ...REFUSED, headers: UNKEPT }),
      ['an honest file was refused: unattested'],
    ],
    ['a refusal that may be kept', came(bare.path, 403, REFUSED), ['a refusal that may be kept']],
    ['a page that is refused', came('/simple/bare/', 403, { ...REFUSED, headers: UNKEPT }), ['a page was refused']],
    [
      'a page that leads away',
      came('/simple/calmone/', 200, { body: page, type: SIMPLE_JSON }),
      ['an answer leads to the upstream'],
    ],
    ['a secret', came('/simple/calmone/', 404, { body: SECRET }), ['a secret was answered']],
    [
      'a page with less',
      came('/simple/calmone/', 200, { body: '{"files":[]}', type: SIMPLE_JSON }),
      ['a page leaves something out'],
    ],
  ]
}

function came(
  path: string,
  status: number,
  {
    body = '',
    complete = true,
    type,
    headers = {},
  }: {
    readonly body?: Buffer | string
    readonly complete?: boolean
    readonly type?: string
    readonly headers?: Readonly<Record<string, string>>
  },
  more: Partial<Asked> = {},
): Answer {
  return {
    asked: { client: '127.0.0.1', path, ...more },
    method: more.method ?? 'GET',
    status,
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
    body: Buffer.from(body),
    complete,
    began: performance.now(),
    headAt: performance.now(),
  }
}
