import type { ProjectMemory } from '../../../domain/memory/project-memory.ts'
import { mergeReading } from '../../../domain/memory/sighting.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import { encodeFinding } from '../../../verify/evidence/finding-codec.ts'
import { type Agreed, type Ledger, type TakenIn, takeIn } from '../../shared/ledger.ts'
import { type FindingRow, sealOf } from '../../sqlite/tables/findings-table.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'
import type { Ask, Connection } from '../connection.ts'
import { jsonText } from '../json-text.ts'
import { LOAD, type LoadedRow, memoryOf, readingOf, storedProof } from './project-rows.ts'

/** Where gates tell each other what changed. */
export const CHANNEL = 'portcullis'

/** Begins the project where nobody did, and holds its row until the transaction ends. */
const HOLD = `
insert into projects as p (source, project) values ($1, $2)
on conflict (source, project) do update set version = p.version
returning version, reading`

/**
 * A first proof and first bytes stay, whoever comes second; everything else is what was learned while the row was held. Whoever is told hears of it
 * once it is committed.
 */
const WRITE = `
with written as (
  insert into files (source, project, filename, sha256, path, first_seen, sighting)
  select $1, $2, s->>'filename', s->>'sha256', s->>'path', (s->>'firstSeen')::bigint, s
  from json_array_elements($3::json) s
  on conflict (source, project, filename) do update set sha256 = excluded.sha256, path = excluded.path,
    first_seen = excluded.first_seen, sighting = excluded.sighting
), proved as (
  insert into proofs (source, project, filename, proof)
  select $1, $2, r->>0, r->1 from json_array_elements($4::json) r
  on conflict do nothing
), had as (
  insert into settled (source, project, filename, sha256, at)
  select $1, $2, s->>'filename', s->>'sha256', (s->>'at')::bigint from json_array_elements($5::json) s
  on conflict do nothing
), found as (
  insert into findings (source, project, sha256, filename, trust, finding, found, seal)
  select $1, $2, n->>0, n->>1, n->>2, n->>3, (n->>4)::bigint, decode(n->>5, 'hex')
  from json_array_elements($6::json) n
  on conflict (source, project, sha256, filename, trust)
    do update set finding = excluded.finding, found = excluded.found, seal = excluded.seal
)
update projects set version = $7, changed = case when version = $7 then changed else pg_current_xact_id() end,
  reading = coalesce($8, reading), serials = coalesce($9, serials)
where source = $1 and project = $2
returning (select pg_notify($10::text, $11::text) where $11::text is not null)`

interface Options {
  readonly connection: Connection
  readonly source: SourceId
}

/** What several gates know of one source, in PostgreSQL: whoever learns of a project holds its row. */
export function createLedger({ connection, source }: Options): Ledger {
  const what = 'what is remembered of a project could not be read'

  async function loadBy(ask: Ask, project: ProjectName): Promise<Agreed> {
    const [row] = await ask<LoadedRow>(LOAD, [source, project])
    if (row === undefined) throw new TypeError('one row is answered')
    return memoryOf(source, project, row)
  }

  return {
    load: async project => await loadBy((text, values) => connection.ask(what, text, values), project),
    async version(project) {
      const [row] = await connection.ask<{ version: number }>(
        what,
        'select version from projects where source = $1 and project = $2',
        [source, project],
      )
      return row?.version ?? 0
    },
    async learn(project, facts, known) {
      return await connection.transaction('what was learned could not be agreed on', async ask => {
        const [held] = await ask<Pick<LoadedRow, 'version' | 'reading'>>(HOLD, [source, project])
        if (held === undefined) throw new TypeError('a row that is held is answered')
        const before = known?.version === held.version ? withReading(known, held.reading) : await loadBy(ask, project)
        const taken = takeIn(before.memory, facts)
        const { memory } = taken
        if (taken.changes === 'nothing') return before
        const { rows, characters } = rowsOf(source, taken)
        const version = taken.changes === 'the reading' ? before.version : before.version + 1
        const told = version > before.version ? newsOf({ source, project, version }) : NO_NEWS
        await ask(WRITE, [source, project, ...rows, version, textOf(taken.reading), textOf(taken.serials), ...told])
        return { memory, version, characters: before.characters + characters }
      })
    },
  }
}

/** Readings are not told; whoever learns takes the latest. */
function withReading(known: Agreed, stored: string | null): Agreed {
  const reading = readingOf(stored)
  const merged = mergeReading(known.memory.reading, reading)
  const same = textOf(merged) === textOf(known.memory.reading)
  return same ? known : { ...known, memory: known.memory.with({ reading: merged }) }
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : jsonText(value)
}

function rowsOf(
  source: SourceId,
  { memory: { project }, sightings, proofs, settled, findings }: TakenIn,
): { readonly rows: readonly string[]; readonly characters: number } {
  const found = findings.map(({ key, finding, found: at }): FindingRow => {
    return { source, project, key, finding: encodeFinding(finding), found: at }
  })
  const rows = [
    sightings,
    proofs.map(proved => [proved.filename, storedProof(proved)]),
    settled,
    lastOfEach(found).map(findingColumns),
  ]
  return {
    rows: rows.map(jsonText),
    characters: found.reduce((sum, { finding }) => sum + finding.length, 0),
  }
}

function findingColumns(row: FindingRow): readonly (string | number)[] {
  const { key, finding, found } = row
  return [key.sha256, key.filename, key.trustDigest, finding, found, sealOf(row).toString('hex')]
}

/** One statement writes a row once. */
function lastOfEach(found: readonly FindingRow[]): readonly FindingRow[] {
  const keyed = found.map(row => [JSON.stringify(row.key), row] as const)
  return [...new Map(keyed).values()]
}

/** Where it is told, and what; null: nothing. */
type Telling = readonly [channel: string, words: string | null]

const NO_NEWS: Telling = [CHANNEL, null]

function newsOf({
  source,
  project,
  version,
}: {
  readonly source: SourceId
  readonly project: ProjectName
  readonly version: number
}): Telling {
  return [CHANNEL, `${source} ${version} ${project}`]
}

/** Everything that is otherwise in `after`, within a transaction that holds the project's row. */
export async function replaceMemory(ask: Ask, source: SourceId, before: Agreed, after: ProjectMemory): Promise<void> {
  const { project } = after
  const key = [source, project]
  const gone = (known: ReadonlyMap<string, unknown>, left: ReadonlyMap<string, unknown>): readonly string[] =>
    [...known.keys()].filter(filename => !left.has(filename))
  for (const [table, part] of [
    ['files', 'sightings'],
    ['proofs', 'proofs'],
    ['settled', 'settled'],
  ] as const)
    await ask(`delete from ${table} where source = $1 and project = $2 and filename = any($3)`, [
      ...key,
      gone(before.memory[part], after[part]),
    ])
  const changed = [...after.sightings.values()].filter(one => before.memory.sightings.get(one.filename) !== one)
  const version = before.version + 1
  const learned = [textOf(after.reading), textOf(after.serials)]
  const told = newsOf({ source, project, version })
  await ask(WRITE, [...key, jsonText(changed), '[]', '[]', '[]', version, ...learned, ...told])
  if (after.serials === undefined)
    await ask('update projects set serials = null where source = $1 and project = $2', key)
}

/** Writes down what another memory knew besides, within a transaction that holds the project's row; findings where there is none yet. */
export async function mergeInto(
  ask: Ask,
  source: SourceId,
  before: Agreed,
  merged: ProjectMemory,
  found: readonly FindingRow[],
): Promise<void> {
  const { project } = merged
  const absent = found.filter(({ key }) => before.memory.findings.get(key) === undefined)
  if (isAllOf(merged, before.memory) && absent.length === 0) return
  const key = [source, project]
  const { sightings, proofs, settled } = merged
  // the earlier proof, and the earlier bytes, by the rules by which two are put together
  for (const table of ['proofs', 'settled']) await ask(`delete from ${table} where source = $1 and project = $2`, key)
  const rows = [
    [...sightings.values()],
    [...proofs.values()].map(proved => [proved.filename, storedProof(proved)]),
    [...settled.values()],
    absent.map(findingColumns),
  ]
  const version = before.version + 1
  const learned = [textOf(merged.reading), textOf(merged.serials)]
  await ask(WRITE, [...key, ...rows.map(jsonText), version, ...learned, ...newsOf({ source, project, version })])
}

/** Whether one memory knows nothing, but for findings, that the other does not. */
export function isAllOf(one: ProjectMemory, other: ProjectMemory): boolean {
  return seenText(one) === seenText(other)
}

function seenText({ sightings, proofs, settled, reading, serials }: ProjectMemory): string {
  const parts = [sightings, proofs, settled].map(part => [...part].sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify([...parts, reading, serials], orderly)
}

function orderly(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Holds the project's row, and what is known of it then. */
export async function holdProject(ask: Ask, source: SourceId, project: ProjectName): Promise<Agreed> {
  await ask(HOLD, [source, project])
  const [row] = await ask<LoadedRow>(LOAD, [source, project])
  if (row === undefined) throw new TypeError('one row is answered')
  return memoryOf(source, project, row)
}
