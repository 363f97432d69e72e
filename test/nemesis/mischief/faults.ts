import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { Fault, FaultAction, Route } from '../../world/index/upstream-faults.ts'
import { SECRET } from '../truth.ts'
import { atOnce, type Mischief, over, type Stage } from './stage.ts'

/** An upstream that answers badly, of whatever is asked, without saying what is not so. */

const ROUTES: readonly Route[] = ['root', 'page', 'legacy', 'provenance', 'file', 'metadata']

/** So many answers of one route, or of every one, are spoilt in one way; somebody asks for what is cold meanwhile. */
function fault(name: string, action: (stage: Stage) => FaultAction): Mischief {
  return {
    name,
    side: 'upstream',
    async run(stage, signal) {
      const { dice, upstream, truth } = stage
      const routes = dice.chance(0.5) ? ROUTES : [dice.pick(ROUTES)]
      for (const route of routes)
        upstream.fault({ ...spoils(name, route), times: dice.between(5, 25), do: action(stage) })
      const client = stage.stranger()
      const wanted = dice.shuffled(truth.cold).slice(0, 6)
      await atOnce(3, wanted.length, signal, async number => {
        const file = wanted[number]
        if (file !== undefined) await stage.ask({ client, path: file.path })
      })
      await over(signal)
    },
  }
}

/** Other bytes for a file, or for a document, are a lie: they are told only where lies are. */
function spoils(name: string, route: Route): Pick<Fault, 'route' | 'match'> {
  return name === 'garbage' && (route === 'file' || route === 'provenance') ? { route, match: 'lied' } : { route }
}

const BAD_STATUSES = [400, 401, 403, 410, 418, 429, 500, 501, 502, 503, 504, 520]
const PLACES = [
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]:1/simple/',
  'https://pypi.example/simple/calmone/',
  '/simple/bare/',
  'file:///etc/passwd',
  '//elsewhere.example/',
]

export const FAULTS: readonly Mischief[] = [
  fault('bad-status', ({ dice }) => ({
    status: dice.pick(BAD_STATUSES),
    bytes: 'upstream is not well',
    headers: {
      'content-type': 'text/plain',
      etag: undefined,
      'retry-after': dice.pick(['1', '86400', 'tomorrow', undefined]),
    },
  })),
  fault('redirects', ({ dice }) => ({
    status: dice.pick([301, 302, 303, 307, 308]),
    bytes: '',
    headers: { location: dice.pick(PLACES) },
  })),
  fault('resets', () => ({ reset: true })),
  fault('resets-midway', ({ dice }) => ({ resetAt: dice.between(1, 30_000) })),
  fault('truncated', ({ dice }) => ({ truncateAt: dice.between(0, 30_000) })),
  // without a length there is nothing that says that it is not all
  fault('truncated-in-silence', ({ dice }) => ({
    headers: { 'content-length': undefined },
    truncateAt: dice.between(0, 20_000),
  })),
  fault('silence', () => ({ hang: true })),
  fault('silence-midway', ({ dice }) => ({ hangAt: dice.between(1, 30_000) })),
  fault('late', ({ dice }) => ({ delayMs: dice.between(200, 1_500) })),
  fault('length-unsaid', () => ({ headers: { 'content-length': undefined } })),
  fault('type-wrong', ({ dice }) => ({
    headers: {
      'content-type': dice.pick(['text/html', 'application/json', 'text/plain; charset=utf-16', 'nonsense', undefined]),
      etag: undefined,
    },
  })),
  fault('coding-wrong', ({ dice }) => ({
    headers: { 'content-encoding': dice.pick(['gzip', 'gzip, gzip', 'br', 'zstd', 'x-unheard-of']), etag: undefined },
  })),
  fault('garbage', ({ dice }) => ({ bytes: randomBytes(dice.between(0, 5_000)), headers: { etag: undefined } })),
  fault('part-instead-of-all', () => ({ status: 206, headers: { 'content-range': 'bytes 0-99/100' } })),
  fault('not-modified-unasked', () => ({ status: 304, headers: { etag: undefined } })),
  fault('headers-large', () => ({ headers: { 'x-filler': 'x'.repeat(40_000) } })),
  fault('tags-strange', ({ dice }) => ({
    headers: {
      etag: dice.pick(['W/"weak"', '""', '"\t"', `"${'t'.repeat(2_000)}"`]),
      'x-pypi-last-serial': dice.pick(['-1', '1e99', '12x', '9'.repeat(40)]),
    },
  })),
  fault('credentials-echoed', () => ({ headers: { 'content-type': `text/plain; x=${SECRET}`, etag: undefined } })),
  {
    name: 'slow-line',
    side: 'upstream',
    async run({ upstream, dice }, signal) {
      upstream.limit(dice.between(50_000, 2_000_000))
      await over(signal)
      upstream.limit(undefined)
    },
  },
  {
    name: 'page-large',
    side: 'upstream',
    async run(stage, signal) {
      stage.upstream.fault({ route: 'page', match: '/simple/huge/', do: largePage() })
      const client = stage.stranger()
      await atOnce(2, 6, signal, () => stage.ask({ client, path: '/simple/huge/', patience: 30_000 }))
      await over(signal)
    },
  },
]

const FILES_OF_A_LARGE_PAGE = 10_000
let large: FaultAction | undefined

/** Honest, and of a size that there is. */
function largePage(): FaultAction {
  if (large !== undefined) return large
  const files = Array.from({ length: FILES_OF_A_LARGE_PAGE }, (_, number) => {
    const sha256 = number.toString(16).padStart(64, '0')
    const filename = `huge-1.${number}.tar.gz`
    return {
      filename,
      url: `http://127.0.0.1/packages/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256.slice(4)}/${filename}`,
      hashes: { sha256 },
      size: 1_000,
      yanked: false,
      provenance: null,
      'upload-time': '2024-11-06T22:37:09.220617Z',
    }
  })
  const page = { meta: { 'api-version': '1.4', '_last-serial': 5_000 }, name: 'huge', versions: [], files }
  large = {
    status: 200,
    bytes: Buffer.from(JSON.stringify(page)),
    headers: { 'content-type': 'application/vnd.pypi.simple.v1+json', etag: '"large"' },
  }
  return large
}
