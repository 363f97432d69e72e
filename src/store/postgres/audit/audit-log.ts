import type { AuditEntry, AuditFilter, AuditLog, AuditRecords, AuditRow } from '../../../ports/console/audit-log.ts'
import { ChainCheck, COLUMNS, chained, NOTHING, rowOf, type StoredRow } from '../../audit/chain.ts'
import type { Ask, Connection } from '../connection.ts'
import { jsonText } from '../json-text.ts'

const READING = 'the audit log could not be read'
const PIECE = 1_000
const LISTED = COLUMNS.join(', ')

/**
 * Adds a row behind the last, within a transaction of its own or of what it tells of: the fact that says how many were written is the row
 * that every gate waits for, so that there is one chain without gaps. Where the last rows were taken away, the gap stays.
 */
export async function appendShared(ask: Ask, entry: AuditEntry): Promise<AuditRow> {
  const [fact] = await ask<{ value: number }>(
    `insert into facts as f (name, value)
     values ('audited', (select coalesce(max(sequence), 0) + 1 from audit_log))
     on conflict (name) do update set value = greatest(f.value, (select coalesce(max(sequence), 0) from audit_log)) + 1
     returning value`,
  )
  const [before] = await ask<{ hash: string }>('select hash from audit_log order by sequence desc limit 1')
  const row = chained(entry, fact?.value ?? 1, before?.hash ?? NOTHING.hash)
  await insertRows(ask, [row])
  return rowOf(row)
}

/** As they are; whoever brings them from elsewhere holds the fact. */
export async function insertRows(ask: Ask, rows: readonly StoredRow[]): Promise<void> {
  await ask(
    `insert into audit_log (${LISTED}) select ${LISTED} from json_populate_recordset(null::audit_log, $1::json)`,
    [jsonText(rows)],
  )
}

/** The log of all gates. What another one writes is in its place, whoever comes first. */
export function createSharedAuditLog(connection: Connection): AuditLog & AuditRecords {
  return {
    ...createSharedAuditRecords(connection),
    append: async entry =>
      await connection.transaction('the audit log could not be written', async ask => await appendShared(ask, entry)),
  }
}

/** For whoever may only read, too: `select` on `audit_log` and on `facts`. */
export function createSharedAuditRecords(connection: Pick<Connection, 'ask'>): AuditRecords {
  /** In one statement, which sees one moment. */
  async function ends(): Promise<{ readonly last: number; readonly written: number | null }> {
    const [row] = await connection.ask<{ last: number; written: number | null }>(
      READING,
      `select coalesce((select max(sequence) from audit_log), 0) as last,
         (select value from facts where name = 'audited') as written`,
    )
    return row ?? { last: 0, written: null }
  }

  async function* upTo(last: number): AsyncGenerator<readonly StoredRow[]> {
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await connection.ask<StoredRow>(
        READING,
        `select ${LISTED} from audit_log where sequence > $1 and sequence <= $2 order by sequence limit ${PIECE}`,
        [after, last],
      )
      yield rows
      if (rows.length < PIECE) return
      after = rows.at(-1)?.sequence ?? last
    }
  }

  return {
    async rows(filter, { before = Number.MAX_SAFE_INTEGER, limit }) {
      const { where, values } = conditionsOf(filter)
      const rows = await connection.ask<StoredRow>(
        READING,
        `select ${LISTED} from audit_log where sequence < $1${where} order by sequence desc limit $2`,
        [before, limit, ...values],
      )
      return rows.map(rowOf)
    },
    async *all() {
      for await (const rows of upTo((await ends()).last)) yield* rows.map(rowOf)
    },
    async verify(place) {
      const { last, written } = await ends()
      const check = new ChainCheck({ written: written ?? undefined, place })
      for await (const rows of upTo(last)) if (!rows.every(row => check.take(row))) break
      return check.verdict()
    },
  }
}

/** `$1` and `$2` are the page's. By the collation C, letters of ASCII alone have a lower case, and it is sooner found. */
function conditionsOf(filter: AuditFilter): { readonly where: string; readonly values: readonly unknown[] } {
  const { action, actor, text, since, until } = filter
  const part = text?.replace(/[A-Z]/g, letter => letter.toLowerCase()).replace(/[\\%_]/g, '\\$&')
  const conditions: readonly (readonly [(place: string) => string, unknown])[] = [
    [place => `action = ${place}`, action],
    [place => `actor = ${place}`, actor],
    [
      place =>
        `(${['target', 'why', 'actor'].map(column => `lower(${column} collate "C") like ${place}`).join(' or ')})`,
      part === undefined ? undefined : `%${part}%`,
    ],
    [place => `at >= ${place}`, since],
    [place => `at < ${place}`, until],
  ]
  const asked = conditions.filter(([, value]) => value !== undefined)
  return {
    where: asked.map(([condition], index) => ` and ${condition(`$${index + 3}`)}`).join(''),
    values: asked.map(([, value]) => value),
  }
}
