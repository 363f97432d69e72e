import { setImmediate } from 'node:timers/promises'
import { sha256Of } from '../../domain/base/digest.ts'
import { type Instant, instant, millis } from '../../domain/base/instant.ts'
import { minuteOf } from '../../domain/base/last-moment.ts'
import { describeRevocation, describeRevoked } from '../../domain/policy/compare-policies.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import type { Notice } from '../../ports/console/notices.ts'
import type { JournalRow, Records } from '../../ports/records.ts'
import { findRevoked, type RevokedFiles } from '../revoked/revoked-downloads.ts'

/** What is revoked is told once; nobody waits for a window of this length. */
const FOR_GOOD = millis(100 * 365 * 86_400_000)
const MOST_LINES = 10
/** rows of the journal between two turns of others */
const ROWS = 500

/** What an index revokes. */
export interface Revoking {
  readonly index: string
  readonly revocations: readonly Revocation[]
}

/** A story without words, by which one gate of several, and one start of many, counts and tells. */
export function claimOf(index: string, revocation: Revocation, now: Instant) {
  const key = sha256Of(JSON.stringify(['revoked', index, describeRevocation(revocation)]))
  return { key, until: instant(now + FOR_GOOD), kind: 'rare', deliveries: [] } as const
}

type Read = Pick<Records, 'journal' | 'attested' | 'projects' | 'project' | 'holds'>

/** Who has what is revoked, beside a gate that serves others meanwhile. Throws `unknown-store`. */
export async function countRevoked(
  records: Read,
  revocations: readonly Revocation[],
): Promise<readonly RevokedFiles[]> {
  return await findRevoked(
    {
      journal: since => inTurns(records.journal(since)),
      attested: () => records.attested(),
      projects: () => records.projects(),
      project: name => records.project(name),
      holds: sha256 => records.holds(sha256),
    },
    revocations,
  )
}

async function* inTurns(rows: AsyncIterable<JournalRow>): AsyncIterable<JournalRow> {
  let read = 0
  for await (const row of rows) {
    read += 1
    if (read % ROWS === 0) await setImmediate()
    yield row
  }
}

/** That these came into force; `found` is undefined where nobody could read who has got what. */
export function revoked(
  { index, revocations }: Revoking,
  found: readonly RevokedFiles[] | undefined,
  now: Instant,
): Notice {
  const [first] = revocations
  const what = first === undefined ? '' : describeRevoked(first.what)
  const shown = revocations.slice(0, MOST_LINES).map(one => {
    const own = found?.find(({ revocation }) => revocation === one)
    return `${describeRevocation(one)}: ${own === undefined ? 'who has it could not be read' : inWords(own)}`
  })
  const left = revocations.length - shown.length
  const all = found?.flatMap(({ downloads }) => downloads)
  return {
    type: 'revoked',
    story: JSON.stringify([index, ...revocations.map(describeRevocation)]),
    window: FOR_GOOD,
    at: now,
    subject: what,
    title: revocations.length === 1 ? `${what} is revoked` : `${revocations.length} revocations came into force`,
    text: [
      ...shown,
      ...(left > 0 ? [`and ${left} more`] : []),
      'portcullis revocations show has the files, and who got each.',
    ].join('\n'),
    data: {
      index,
      revocation: first === undefined ? null : describeRevocation(first),
      revocations: revocations.length,
      place: first === undefined ? null : `${first.ref.file}:${first.ref.line}`,
      files: found === undefined ? null : found.reduce((sum, { files }) => sum + files.length, 0),
      holders: all === undefined ? null : holdersOf(all),
      downloads: all === undefined ? null : all.reduce((sum, { requests }) => sum + requests, 0),
    },
  }
}

type Downloads = RevokedFiles['downloads']

function inWords({ files, downloads }: RevokedFiles): string {
  const [latest] = downloads
  const known = `${files.length} ${files.length === 1 ? 'file' : 'files'} known`
  if (latest === undefined) return `${known}, and nobody got any of it here`
  const times = downloads.reduce((sum, { requests }) => sum + requests, 0)
  const holders = holdersOf(downloads)
  return `${known}; ${holders} ${holders === 1 ? 'client' : 'clients'} got it, ${times === 1 ? 'once' : `${times} times`}, last ${minuteOf(latest.last)}`
}

/** Each by its name, or by where it came from. */
function holdersOf(downloads: Downloads): number {
  return new Set(
    downloads.map(({ subject, client }) => (subject === undefined || subject === 'anonymous' ? client : subject)),
  ).size
}
