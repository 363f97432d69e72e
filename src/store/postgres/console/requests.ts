import type { AccessRequest, Requests } from '../../../ports/console/requests.ts'
import {
  decidedColumns,
  REQUEST_COLUMNS,
  type RequestRow,
  requestOf,
  rowOf,
  rowStands,
} from '../../sqlite/tables/console/request-row.ts'
import { appendShared } from '../audit/audit-log.ts'
import type { Connection } from '../connection.ts'

const COLUMNS = REQUEST_COLUMNS.join(', ')
const REVISION = 'requests_decided'
const READ = 'the requests could not be read'
const WRITTEN = 'a request could not be written down'
/** Of whoever asks: one after another, so that no two count the same. */
const LOCK = 'lock table requests in share row exclusive mode'

/** Requests in the database that gates share. */
export function createRequests(connection: Connection): Requests {
  const one = async (text: string, value: string): Promise<AccessRequest | undefined> => {
    const [row] = await connection.ask<RequestRow>(READ, text, [value])
    return row === undefined ? undefined : requestOf(row)
  }
  return {
    async ask(request, most, entry) {
      return await connection.transaction(WRITTEN, async ask => {
        await ask(LOCK)
        const [known] = await ask<RequestRow>(LATEST, [request.refusal])
        if (known !== undefined && rowStands(known, request.at)) return { request: requestOf(known), isNew: false }
        const { subject, address } = request.by
        const [counts] = await ask<{ readonly own: number; readonly all: number }>(OPEN, [subject, address])
        if ((counts?.own ?? 0) >= most.own) return { full: 'own' } as const
        if ((counts?.all ?? 0) >= most.all) return { full: 'all' } as const
        const row = rowOf(request)
        const places = REQUEST_COLUMNS.map((_, at) => `$${at + 1}`).join(', ')
        await ask(
          `insert into requests (${COLUMNS}) values (${places})`,
          REQUEST_COLUMNS.map(column => row[column]),
        )
        if (entry !== undefined) await appendShared(ask, entry)
        return { request, isNew: true }
      })
    },
    get: async id => await one(`select ${COLUMNS} from requests where id = $1`, id),
    ofRefusal: async refusal => await one(LATEST, refusal),
    async list({ state, project, decided }, { before, limit }) {
      const rows = await connection.ask<RequestRow>(
        READ,
        `select ${COLUMNS} from requests
         where ($1::text is null or state = $1) and ($2::text is null or project = $2) and (not $3 or state <> 'open')
           and ($4::text is null or sequence < (select sequence from requests where id = $4))
         order by sequence desc limit $5`,
        [state ?? null, project ?? null, decided === true, before ?? null, limit],
      )
      return rows.map(requestOf)
    },
    async decide(id, from, to, by, entry) {
      return await connection.transaction(WRITTEN, async ask => {
        const { decision, ends } = decidedColumns(by)
        const rows = await ask(
          'update requests set state = $1, decision = $2, ends = $3 where id = $4 and state = $5 returning id',
          [to, decision, ends, id, from],
        )
        if (rows.length === 0) return false
        await ask(RAISE)
        if (entry !== undefined) await appendShared(ask, entry)
        return true
      })
    },
    async inForce(now) {
      const rows = await connection.ask<RequestRow>(READ, IN_FORCE, [now])
      return rows.map(requestOf)
    },
    async revision() {
      const [row] = await connection.ask<{ readonly value: number }>(
        READ,
        `select value from facts where name = '${REVISION}'`,
      )
      return `${row?.value ?? 0}`
    },
  }
}

const LATEST = `select ${COLUMNS} from requests where refusal = $1 order by sequence desc limit 1`

const OPEN = `
select count(*) as "all", count(*) filter (where subject = $1 and ($1 <> 'anonymous' or address = $2)) as own
from requests where state = 'open'`

/** One row for all who decide: whoever reads it has what was committed before. */
const RAISE = `
insert into facts as f (name, value) values ('${REVISION}', 1) on conflict (name) do update set value = f.value + 1`

/** With the columns that a database of an older version has. */
const IN_FORCE = `select * from requests where state = 'approved' and ends > $1 order by sequence`
