import type { Level, Remark } from '../remarks/remark.ts'
import { type Aside, type Reported, silentIndex, tell } from './tell.ts'
import type { NamedRelease, Row, Said, Section, Weight } from './told.ts'

/** Where something stands in a lock. */
export interface Place {
  readonly lock: string
  readonly line: number
}

/** Every place of a release in the locks that are told. */
export type PlacesOf = (release: NamedRelease) => readonly Place[]

/**
 * What of a report somebody should look at, at each line that names it. Where two locks are compared that is what changed, and of
 * the rest only what is wrong whatever changed.
 */
export function reportRemarks(reported: Reported, placesOf: PlacesOf): readonly Remark[] {
  const compared = reported.changes !== undefined
  const { added = [], bumped = [] } = reported.changes ?? {}
  const fresh = new Set([...added, ...bumped].map(({ project, to }) => `${project} ${to}`))
  const isTold = ({ id }: Section, { project, version }: NamedRelease): boolean =>
    !compared || ALWAYS.has(id) || (OF_NEW.has(id) && fresh.has(`${project} ${version}`))
  return [
    ...remarksOnIndex(reported),
    ...tell(reported).sections.flatMap(section =>
      section.rows.flatMap(row => {
        const of = releaseOf(row)
        const level = levelOf(section)
        if (of === undefined || level === undefined || !isTold(section, of)) return []
        return placesOf(of).map(place => remarkOn(section, row, { of, level, place }))
      }),
    ),
    ...reported.asides.flatMap(aside => (compared && aside.fresh !== true ? [] : [remarkOnAside(aside)])),
  ]
}

/** Nothing is found where nothing can be: a report without findings would read as one that looked. */
function remarksOnIndex({ locks, summary: { silent } }: Reported): readonly Remark[] {
  if (silent === 0) return []
  const rule = {
    id: 'report/silent-index',
    title: 'The index says nothing of provenance',
    help: 'Set upstream.integrity (of one of several sources sources.<name>.integrity) to an index that speaks PEP 740, or ask PyPI: what is attested cannot be seen here, nor that it is no more.',
  }
  return locks.map(lock => ({
    rule,
    level: 'warning',
    message: silentIndex(silent),
    lock,
    line: 1,
    about: `${rule.id} ${lock}`,
  }))
}

/** Sections about what changed, and about what no change excuses. */
const ALWAYS: ReadonlySet<string> = new Set([
  'unknown',
  'failed',
  'missing',
  'unsuited',
  'lost',
  'changed',
  'late',
  'young',
  'not-compared',
])
/** Sections about the whole lock that say something of a release beyond what the comparison does. */
const OF_NEW: ReadonlySet<string> = new Set(['unnameable', 'yanked', 'status'])
/** Notes that are worth a line; the others only count. */
const NOTED: ReadonlySet<string> = new Set(['status', 'young-files'])

const LEVELS: Readonly<Record<Weight, Level | undefined>> = {
  bad: 'error',
  doubt: 'warning',
  note: 'note',
  good: undefined,
}

function levelOf({ id, weight }: Section): Level | undefined {
  return weight === 'note' && !NOTED.has(id) ? undefined : LEVELS[weight]
}

function releaseOf({ head }: Row): NamedRelease | undefined {
  return typeof head === 'string' ? undefined : head.of
}

interface On {
  readonly of: NamedRelease
  readonly level: Level
  readonly place: Place
}

function remarkOn({ id, title, intro }: Section, { head, said }: Row, { of, level, place }: On): Remark {
  const rule = { id: `report/${id}`, title, help: intro === '' ? title : intro }
  const message = `${plain([head])}: ${title}. ${plain(said)}`.trimEnd()
  return { rule, level, message, ...place, about: `${rule.id} ${of.project} ${of.version}` }
}

function remarkOnAside({ lock, from, line, kind, name, why }: Aside): Remark {
  const rule = {
    id: `report/not-looked-at-${kind}`,
    title: 'Not looked at',
    help: 'It comes from no index, or from another one: nobody here can say who made it.',
  }
  return {
    rule,
    level: 'warning',
    message: `${name}: not looked at: ${why}`,
    lock: from ?? lock,
    line,
    about: `${rule.id} ${name} ${why}`,
  }
}

function plain(said: readonly Said[]): string {
  return said.map(it => (typeof it === 'string' ? it : it.foreign)).join('')
}
