import t from 'tap'
import { type Instant, instant, millis } from '../../../src/domain/base/instant.ts'
import type { SignerKey } from '../../../src/domain/identity/signer.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion, type Version } from '../../../src/domain/packaging/version.ts'
import { compareLocks, lateFilesOf, youngFilesOf } from '../../../src/gate/report/compare-locks.ts'
import {
  bornAt,
  type Evidence,
  isNameable,
  type ReleaseFacts,
  signersOf,
  standingOf,
} from '../../../src/gate/report/release-facts.ts'

const DAY = 86_400_000
const NOW = instant(Date.parse('2026-11-28T00:00:00Z'))
const COMPARING = { young: millis(7 * DAY), now: NOW }
const OLD = instant(NOW - 400 * DAY)

const version = (text: string): Version => parseVersion(text) ?? ('' as Version)

function signedBy(name: string, signedAt: Instant = OLD): Evidence {
  const signer = {
    key: name as SignerKey,
    issuer: 'https://token.actions.githubusercontent.com',
    san: `https://github.com/${name}/.github/workflows/release.yml@refs/tags/v1`,
    repository: name,
    workflow: 'release.yml',
    ref: 'refs/tags/v1',
    name: `${name} release.yml`,
  }
  return { kind: 'attested', signer, signedAt, logIndex: '1', nameable: true }
}

const BARE: Evidence = { kind: 'unattested', silent: false }
const UNKNOWN: Evidence = { kind: 'unknown', code: 'unknown-upstream', detail: 'no answer' }
const MISSING: Evidence = { kind: 'missing', detail: 'the index lists no file of it' }

interface Given {
  readonly wheel?: Evidence
  readonly sdist?: Evidence
  readonly uploaded?: Instant | undefined
  readonly more?: Partial<ReleaseFacts>
}

function release(name: string, text: string, given: Given = {}): ReleaseFacts {
  const { wheel, sdist, more = {} } = given
  const uploaded = 'uploaded' in given ? given.uploaded : OLD
  const file = (filename: string, evidence: Evidence | undefined) =>
    evidence === undefined ? [] : [{ filename, sha256: filename, uploaded, yanked: false, evidence }]
  return {
    project: parseProjectName(name),
    version: version(text),
    status: 'active',
    files: [...file(`${name}-${text}-py3-none-any.whl`, wheel), ...file(`${name}-${text}.tar.gz`, sdist)],
    released: OLD,
    tenure: undefined,
    tenureUnknown: undefined,
    attestedBefore: undefined,
    attestedAfter: undefined,
    ...more,
  }
}

const compare = (before: readonly ReleaseFacts[], now: readonly ReleaseFacts[]) => compareLocks(now, before, COMPARING)
const ACME = signedBy('acme/demo')
const MALLORY = signedBy('mallory/demo')

t.test('what was attested and is not is lost, kind by kind', t => {
  const old = release('demo', '1.0', { wheel: ACME, sdist: BARE })
  t.equal(
    compare([old], [release('demo', '2.0', { wheel: ACME, sdist: BARE })]).lost.length,
    0,
    'it never signed sdists',
  )
  t.match(compare([old], [release('demo', '2.0', { wheel: BARE, sdist: BARE })]).lost, [{ last: '1.0' }])
  t.match(compare([old], [release('demo', '2.0', { wheel: BARE, sdist: ACME })]).lost, [{ files: [{}] }])
  const failed: Evidence = { kind: 'failed', code: 'digest-mismatch', detail: 'other bytes' }
  t.equal(compare([old], [release('demo', '2.0', { wheel: failed })]).lost.length, 1, 'evidence that fails is none')
  t.equal(
    compare([old], [release('demo', '2.0', { wheel: UNKNOWN })]).lost.length,
    0,
    'what is unknown is not known lost',
  )
  t.match(compare([], [release('demo', '2.0', { wheel: failed })]).lost, [{ last: undefined }], 'of a new project, too')
  const held: Evidence = { kind: 'unsuited', code: 'project-quarantined', detail: 'held' }
  t.equal(
    compare([old], [release('demo', '2.0', { wheel: held })]).lost.length,
    1,
    'what no gate gives out is not attested',
  )
  const never = release('demo', '1.0', { wheel: BARE })
  t.equal(compare([never], [release('demo', '2.0', { wheel: BARE })]).lost.length, 0)
  t.end()
})

t.test('what was attested between two locks and is not is lost, too', t => {
  const before = (text: string) => ({ attestedBefore: { version: version(text), uploaded: OLD } })
  const now = (text: string) => release('demo', '3.0', { wheel: BARE, more: before(text) })
  const old = release('demo', '2.0', { wheel: BARE })
  t.match(compare([old], [now('2.5')]).lost, [{ last: '2.5' }])
  t.equal(compare([old], [now('1.0')]).lost.length, 0, 'that was lost before')
  t.equal(compare([], [now('2.5')]).lost.length, 1, 'a project that is new')
  t.equal(compare([release('demo', '2.0', { wheel: MISSING })], [now('2.5')]).lost.length, 1)
  t.end()
})

t.test('another signer is one whatever else stays the same', t => {
  const old = release('demo', '1.0', { wheel: ACME })
  t.match(compare([old], [release('demo', '2.0', { wheel: MALLORY })]).changed, [
    { from: ['1.0'], to: '2.0', before: [{ name: /acme/ }], now: [{ name: /mallory/ }] },
  ])
  t.equal(compare([old], [release('demo', '2.0', { wheel: ACME })]).changed.length, 0)
  t.match(
    compare([old], [release('demo', '2.0', { wheel: ACME, sdist: MALLORY })]).changed,
    [{ now: [{ name: /mallory/ }] }],
    'of one file alone',
  )
  const tenure = (since: string) => ({
    tenure: {
      since: { version: version(since), uploaded: OLD },
      releases: 1,
      before: {
        release: { version: version('1.5'), uploaded: OLD },
        signer: ACME.kind === 'attested' ? ACME.signer : undefined,
      },
    },
  })
  const bare = release('demo', '1.0', { wheel: BARE })
  const now = (since: string) => release('demo', '2.0', { wheel: MALLORY, more: tenure(since) })
  t.equal(compare([bare], [now('2.0')]).changed.length, 1, 'between two locks the signer changed')
  t.equal(compare([bare], [now('0.9')]).changed.length, 0, 'it had changed before')
  t.equal(compare([], [now('2.0')]).changed.length, 1, 'a new project whose signer is new')
  t.equal(compare([], [now('1.9')]).changed.length, 0, 'a new project whose signer was new once')
  t.end()
})

t.test('bumps, what is new, what is gone, what is attested now, and who signs', t => {
  const changes = compare(
    [release('demo', '1.0', { wheel: BARE }), release('gone', '1.0', { wheel: ACME }), release('same', '1.0')],
    [release('demo', '2.0', { wheel: ACME }), release('fresh', '1.0', { wheel: MALLORY }), release('same', '1.0')],
  )
  t.match(changes, {
    bumped: [{ project: 'demo', from: ['1.0'], to: '2.0' }],
    added: [{ project: 'fresh' }],
    removed: [{ project: 'gone' }],
    gained: [{ project: 'demo' }],
    newSigners: [{ signer: { name: 'mallory/demo release.yml' }, projects: ['fresh'] }],
    undetermined: [],
  })
  t.equal(changes.newSigners.length, 1, 'acme signed something before')
  t.equal(
    compare([release('demo', '1.0', { wheel: UNKNOWN })], [release('demo', '2.0', { wheel: ACME })]).newSigners.length,
    0,
  )
  t.end()
})

t.test('late and young are only those that the old lock does not let in', t => {
  const late = release('demo', '1.0', { wheel: ACME, uploaded: instant(OLD + 15 * DAY) })
  t.match(compare([], [late]).late, [{ days: 15 }])
  t.equal(compare([late], [late]).late.length, 0)
  t.equal(lateFilesOf(release('demo', '1.0', { wheel: ACME, uploaded: instant(OLD + 14 * DAY) })).length, 0)
  const young = release('demo', '1.0', { wheel: BARE, uploaded: instant(NOW - 6 * DAY) })
  t.equal(compare([], [young]).young.length, 1)
  t.equal(compare([young], [young]).young.length, 0)
  const backdated = release('demo', '1.0', { wheel: signedBy('acme/demo', instant(NOW - DAY)) })
  t.match(youngFilesOf(backdated, COMPARING), [{ born: NOW - DAY }], 'nobody signs what is not there')
  t.equal(bornAt({ filename: 'a', sha256: 'a', uploaded: OLD, yanked: false, evidence: BARE }), OLD)
  t.end()
})

t.test('what could not be compared says by what', t => {
  const told = (before: readonly ReleaseFacts[], now: ReleaseFacts) =>
    compare(before, [now]).undetermined.map(({ about }) => about.join(' '))
  const old = release('demo', '1.0', { wheel: ACME })
  t.strictSame(told([old], release('demo', '2.0', { wheel: UNKNOWN })), ['lost changed'])
  t.strictSame(told([release('demo', '1.0', { wheel: UNKNOWN })], release('demo', '2.0', { wheel: ACME })), [
    'lost changed',
  ])
  t.strictSame(told([old], release('demo', '2.0', { wheel: MISSING, uploaded: undefined })), [
    'lost changed late young',
  ])
  t.strictSame(told([old], release('demo', '2.0', { wheel: ACME, uploaded: undefined })), ['late young'])
  t.strictSame(told([], release('demo', '2.0', { wheel: ACME, more: { tenureUnknown: 'no answer' } })), ['changed'])
  t.strictSame(told([old], old), [], 'nothing changed')
  t.end()
})

t.test('a release is as good as the worst of its files', t => {
  const standing = (...files: readonly Evidence[]) =>
    standingOf({
      files: files.map(evidence => ({ filename: 'a', sha256: 'a', uploaded: OLD, yanked: false, evidence })),
    })
  t.equal(standing(ACME, ACME), 'attested')
  t.equal(standing(ACME, BARE), 'partly')
  t.equal(standing(BARE), 'unattested')
  t.equal(standing(ACME, MISSING), 'missing')
  t.equal(standing(ACME, UNKNOWN, MISSING), 'unknown')
  t.equal(standing(), 'unattested')
  t.equal(isNameable({ files: [] }), false)
  t.equal(isNameable(release('demo', '1.0', { wheel: ACME, sdist: BARE })), false)
  t.equal(signersOf(release('demo', '1.0', { wheel: ACME, sdist: ACME })).length, 1)
  t.end()
})
