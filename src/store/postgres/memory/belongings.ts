import type { SourceName } from '../../../domain/base/source-name.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Belongings } from '../../../ports/belongings.ts'
import type { Reach } from '../../shared/reach.ts'
import type { Ask, Connection } from '../connection.ts'
import type { News } from './notices.ts'

/** In the place of a project, which it cannot be: the row that says that what was known before was taken over. */
const BEGUN = ''

/** The first stays, whoever comes second, and the second is answered with the first. */
const REMEMBER = `
with first as (
  insert into belongings (index_name, project, source_name, since) values ($1, $2, $3, $4)
  on conflict do nothing returning source_name
)
select source_name as source from first
union all select source_name from belongings where index_name = $1 and project = $2 limit 1`

/** What an index was called when it began. */
const BEGUN_BY = 'select source_name as name from belongings where index_name = $1 and project = $2'

/** Where an index that was called so was, at a place ($3) that none has any more, or before places were written. */
const LEFT = `
select index_name as place from belongings
where index_name = $1 or (project = $2 and source_name = $1 and index_name like '/%' and not index_name = any($3))
order by index_name <> $1 limit 1`

/** What all indexes know of whom names belong to, at hand; what others decide is heard of in a second or two. */
export class SharedBelongings {
  readonly #connection: Connection
  readonly #reach: Pick<Reach, 'assertUsable'>
  readonly #known = new Map<string, Map<ProjectName, SourceName>>()

  constructor(connection: Connection, reach: Pick<Reach, 'assertUsable'>) {
    this.#connection = connection
    this.#reach = reach
  }

  take({ belongings }: Pick<News, 'belongings'>): void {
    for (const [index, project, source] of belongings ?? []) this.#set(index, project, source)
  }

  #set(index: string, project: string, source: string): void {
    const its = this.#known.get(index) ?? new Map<ProjectName, SourceName>()
    this.#known.set(index, its.set(project as ProjectName, source as SourceName))
  }

  #of(index: string, project: string): SourceName | undefined {
    this.#reach.assertUsable()
    return this.#known.get(index)?.get(project as ProjectName)
  }

  async #read(index: string, ask: Ask): Promise<void> {
    const all = await ask<{ project: string; source: string }>(
      'select project, source_name as source from belongings where index_name = $1',
      [index],
    )
    for (const { project, source } of all) this.#set(index, project, source)
  }

  of(index: string): Belongings {
    const what = 'whom a name belongs to could not be written down'
    return {
      of: project => this.#of(index, project),
      remember: async (project, source, at) => {
        const before = this.#of(index, project)
        if (before !== undefined) return before
        // of two that come at once the second's snapshot may hold neither: it asks again
        let first: SourceName | undefined
        while (first === undefined) {
          const [row] = await this.#connection.ask<{ source: SourceName }>(what, REMEMBER, [index, project, source, at])
          first = row?.source
        }
        this.#set(index, project, first)
        return first
      },
      hasBegun: () => this.#of(index, BEGUN) !== undefined,
      begin: async (known, at, name = '') => {
        if (this.#of(index, BEGUN) !== undefined) return
        const rows = [...known]
        await this.#connection.transaction(what, async ask => {
          await ask(
            `insert into belongings (index_name, project, source_name, since)
             select $1, r->>0, r->>1, $3 from json_array_elements($2::json) r on conflict do nothing`,
            [index, JSON.stringify([...new Map(rows)]), at],
          )
          await ask(
            `insert into belongings (index_name, project, source_name, since) values ($1, $2, $3, $4) on conflict do nothing`,
            [index, BEGUN, name, at],
          )
          await this.#read(index, ask)
        })
      },
      takeOver: async (name, places) => {
        await this.#connection.transaction(what, async ask => {
          const [own] = await ask<{ name: string }>(BEGUN_BY, [index, BEGUN])
          if (own === undefined) {
            const [from] = await ask<{ place: string }>(LEFT, [name, BEGUN, places])
            if (from === undefined) return
            await ask(
              `insert into belongings (index_name, project, source_name, since)
               select $1, project, source_name, since from belongings where index_name = $2 on conflict do nothing`,
              [index, from.place],
            )
            await ask('delete from belongings where index_name = $1', [from.place])
          }
          await ask(`update belongings set source_name = $3 where index_name = $1 and project = $2`, [
            index,
            BEGUN,
            name,
          ])
          await this.#read(index, ask)
        })
      },
    }
  }
}
