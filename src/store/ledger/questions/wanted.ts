import type { GroupFilter, JournalFilter } from '../../../ports/console/ledger.ts'
import type { Scene } from '../catch-up.ts'
import type { LedgerFile } from '../columns/ledger-file.ts'
import type { WordColumn } from '../columns/segment.ts'
import type { Condition, Wanted } from '../columns/select.ts'
import { WATCHED } from '../columns/sums.ts'
import type { JournalSource } from '../sources/source.ts'

/** What a question is answered from. */
export interface Asked {
  readonly source: JournalSource
  readonly file: LedgerFile
  readonly scene: Scene
  /** ms of `performance.now()`, after which an answer is cut short where it can be */
  readonly deadline: number
}

const EQUAL = [
  'project',
  'filename',
  'sha256',
  'subject',
  'code',
  'outcome',
  'index',
  'source',
  'rule',
  'client',
] as const satisfies readonly WordColumn[]

/** `undefined` where no row can be meant. */
export function conditionsOf(
  { source, file }: Pick<Asked, 'source' | 'file'>,
  filter: JournalFilter | GroupFilter,
): readonly Condition[] | undefined {
  const conditions: Condition[] = []
  const wanted: JournalFilter = filter
  for (const column of EQUAL) {
    const text = wanted[column]
    if (text === undefined) continue
    const word = text === '' ? 0 : source.number(text)
    if (word === undefined) return undefined
    conditions.push({ column, accepts: its => its === word, word })
  }
  const { identity, commit, kind } = wanted
  if (identity !== undefined || commit !== undefined) {
    const words = file.identities({ said: identity, commit })
    if (words.size === 0) return undefined
    conditions.push({ column: 'identity', accepts: its => words.has(its) })
  }
  if (kind === undefined) return conditions
  const admitted = source.number('admitted')
  if (admitted === undefined) return undefined
  conditions.push({ column: 'outcome', accepts: its => its === admitted })
  if (kind === 'attested') conditions.push({ column: 'identity', accepts: its => its !== 0 })
  else conditions.push({ column: 'code', accepts: its => source.text(its).startsWith(WATCHED) })
  return conditions
}

/** Everything that is there. */
export function everything({ alive, last }: Scene): Omit<Wanted, 'conditions'> {
  return { least: 0, top: last, since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, alive }
}

export function within(
  scene: Scene,
  { since, until }: Pick<JournalFilter, 'since' | 'until'>,
): Omit<Wanted, 'conditions'> {
  const all = everything(scene)
  return { ...all, since: since ?? all.since, until: until ?? all.until }
}

/** A word that may be lacking, told. */
export function maybe({ source }: Pick<Asked, 'source'>, word: number): string | undefined {
  return word === 0 ? undefined : source.text(word)
}
