import type Database from 'better-sqlite3'
import type { Brand } from '../../../domain/base/brand.ts'
import type { Source } from '../../../domain/memory/source.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'

/** The number of a source in the keys of everything that was learned from it. */
export type SourceId = Brand<number, 'SourceId'>

export interface SourcesTable {
  /** The source's number, given to it now when it has none. */
  number(source: Source): SourceId
  /** The same without writing anything; `undefined` where nothing was learned from it. */
  find(source: Source): SourceId | undefined
  /** The number of what is nobody's yet, by the rules of `domain/memory/unclaimed.ts`; `undefined` where there never was any. */
  unclaimed(): SourceId | undefined
  /** The sources that were given what was nobody's of a project. */
  givenTo(project: ProjectName): readonly SourceId[]
  /** Within the transaction that is open. */
  give(project: ProjectName, to: SourceId): void
}

/** What was given, at hand for whoever alone writes here. */
export interface Given {
  to(project: ProjectName): readonly SourceId[]
  /** Is in the database already. */
  add(project: ProjectName, source: SourceId): void
}

export function readGiven(database: Database.Database): Given {
  const rows = database
    .prepare<[], { project: ProjectName; source: SourceId }>('select project, source from given')
    .all()
  const given = new Map<ProjectName, readonly SourceId[]>()
  const add = (project: ProjectName, source: SourceId): void =>
    void given.set(project, [...(given.get(project) ?? []), source])
  for (const { project, source } of rows) add(project, source)
  return { to: project => given.get(project) ?? [], add }
}

export function prepareSources(database: Database.Database): SourcesTable {
  const select = database.prepare<[string], SourceId>('select id from sources where source = ?').pluck()
  const selectUnclaimed = database.prepare<[], SourceId>('select id from sources where source is null').pluck()
  const insert = database.prepare<[string], SourceId>('insert into sources (source) values (?) returning id').pluck()
  const selectGiven = database.prepare<[string], SourceId>('select source from given where project = ?').pluck()
  const insertGiven = database.prepare<[string, SourceId]>(
    'insert or ignore into given (project, source) values (?, ?)',
  )

  return {
    number(source) {
      const id = select.get(source) ?? insert.get(source)
      if (id === undefined) throw new TypeError('a row that was inserted has a number')
      return id
    },
    find: source => select.get(source),
    unclaimed: () => selectUnclaimed.get(),
    givenTo: project => selectGiven.all(project),
    give: (project, to) => void insertGiven.run(project, to),
  }
}
