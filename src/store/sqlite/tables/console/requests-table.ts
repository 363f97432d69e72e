import type Database from 'better-sqlite3'
import type { AccessRequest, Asked, Requests } from '../../../../ports/console/requests.ts'
import { appendAudit } from '../audit/audit-table.ts'
import { decidedColumns, REQUEST_COLUMNS, type RequestRow, requestOf, rowOf, rowStands } from './request-row.ts'

const COLUMNS = REQUEST_COLUMNS.join(', ')
/** How often anything was decided. */
const REVISION = 'requests_decided'

/** `ask` runs a statement, and turns what SQLite throws into `unknown-store`. */
export function createRequestsTable(
  database: Database.Database,
  ask: <Result>(what: string, query: () => Result) => Result,
): Requests {
  const statements = prepare(database)
  const { latest, insert, openOf, open, byId, decide, inForce, revision, raise } = statements

  const asked = database.transaction((...[request, most, entry]: Parameters<Requests['ask']>): Asked => {
    const known = latest.get(request.refusal)
    if (known !== undefined && rowStands(known, request.at)) return { request: requestOf(known), isNew: false }
    const { subject, address } = request.by
    if ((openOf.get(subject, subject, address) ?? 0) >= most.own) return { full: 'own' }
    if ((open.get() ?? 0) >= most.all) return { full: 'all' }
    insert.run(rowOf(request))
    if (entry !== undefined) appendAudit(database, entry)
    return { request, isNew: true }
  })

  const decided = database.transaction((...[id, from, to, by, entry]: Parameters<Requests['decide']>): boolean => {
    const { decision, ends } = decidedColumns(by)
    const { changes } = decide.run(to, decision, ends, id, from)
    if (changes === 0) return false
    raise.run()
    if (entry !== undefined) appendAudit(database, entry)
    return true
  })

  const reading = <Result>(query: () => Result): Result => ask('the requests could not be read', query)
  const writing = <Result>(query: () => Result): Result => ask('a request could not be written down', query)
  return {
    ask: async (...order) => writing(() => asked.immediate(...order)),
    get: async id => found(reading(() => byId.get(id))),
    ofRefusal: async refusal => found(reading(() => latest.get(refusal))),
    async list({ state, project, decided: settled }, { before, limit }) {
      const where = [
        ...(state === undefined ? [] : ['state = :state']),
        ...(settled === undefined ? [] : [`state <> 'open'`]),
        ...(project === undefined ? [] : ['project = :project']),
        ...(before === undefined ? [] : ['sequence < (select sequence from requests where id = :before)']),
      ]
      const filter = where.length === 0 ? '' : `where ${where.join(' and ')}`
      const text = `select ${COLUMNS} from requests ${filter} order by sequence desc limit :limit`
      const values = { state, project, before, limit }
      return reading(() => database.prepare<[object], RequestRow>(text).all(values).map(requestOf))
    },
    decide: async (...order) => writing(() => decided.immediate(...order)),
    inForce: async now => reading(() => inForce.all(now).map(requestOf)),
    revision: async () => `${reading(() => revision.get()) ?? 0}`,
  }
}

function prepare(database: Database.Database) {
  const names = REQUEST_COLUMNS.map(column => `:${column}`).join(', ')
  return {
    latest: database.prepare<[string], RequestRow>(
      `select ${COLUMNS} from requests where refusal = ? order by sequence desc limit 1`,
    ),
    byId: database.prepare<[string], RequestRow>(`select ${COLUMNS} from requests where id = ?`),
    insert: database.prepare<[RequestRow]>(`insert into requests (${COLUMNS}) values (${names})`),
    openOf: database
      .prepare<[string, string, string], number>(
        `select count(*) from requests where state = 'open' and subject = ? and (? <> 'anonymous' or address = ?)`,
      )
      .pluck(),
    open: database.prepare<[], number>(`select count(*) from requests where state = 'open'`).pluck(),
    decide: database.prepare<[string, string | null, number | null, string, string]>(
      'update requests set state = ?, decision = ?, ends = ? where id = ? and state = ?',
    ),
    inForce: prepareInForce(database),
    revision: database.prepare<[], number>(`select value from facts where name = '${REVISION}'`).pluck(),
    raise: database.prepare<[]>(
      `insert into facts (name, value) values ('${REVISION}', 1) on conflict (name) do update set value = value + 1`,
    ),
  }
}

/** Requests whose approval holds at a time; of a database of an older version, with the columns that it has. */
export function prepareInForce(database: Database.Database): Database.Statement<[number], RequestRow> {
  return database.prepare<[number], RequestRow>(
    `select * from requests where state = 'approved' and ends > ? order by sequence`,
  )
}

function found(row: RequestRow | undefined): AccessRequest | undefined {
  return row === undefined ? undefined : requestOf(row)
}
