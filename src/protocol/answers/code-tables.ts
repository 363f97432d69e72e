import { ERRORS, type ErrorCode, errorEntry } from '../../domain/base/errors.ts'
import { IMPORT_REFUSALS } from '../../domain/base/import-refusal.ts'
import { REFUSALS, type RefusalCode, refusalEntry } from '../../domain/base/refusal.ts'
import { markdownTable } from './markdown-table.ts'

const REFUSED =
  'A refusal is `403`. *Hard* ones no exemption waives; the others name what an exemption has to waive, where one helps.'
const NOT_JUDGED =
  'Everything else is no verdict. `unknown-…` is "cannot tell" with an integer `Retry-After`: nobody remembers it, and trying again is right. The exit code is that of commands.'

const NOT_LET_IN = '`mirror import` refuses with one of these, exit code 1, and lets in nothing of what was carried.'

/** The tables of every code that a client or a script may meet, from the catalogues of the domain: `docs/reference/codes.md`. */
export function codeTables(): string {
  const refusals = (Object.keys(REFUSALS) as RefusalCode[]).map(code => {
    const { title, meaning, remedy, hard, waive } = refusalEntry(code)
    return [`\`${code}\``, title, meaning, remedy, hard ? 'hard' : waive === undefined ? '–' : `\`${waive}\``]
  })
  const errors = (Object.keys(ERRORS) as ErrorCode[]).map(code => {
    const { status, exit, title, remedy, retryAfter } = errorEntry(code)
    return [`\`${code}\``, `${status}`, retryAfter === undefined ? '' : `${retryAfter} s`, `${exit}`, title, remedy]
  })
  return [
    '## Refusals',
    REFUSED,
    markdownTable(['code', 'title', 'means', 'what to do', 'waived by'], refusals),
    '## Errors',
    NOT_JUDGED,
    markdownTable(['code', 'status', 'retry after', 'exit', 'title', 'what to do'], errors),
    '## Imports',
    NOT_LET_IN,
    markdownTable(
      ['code', 'means'],
      Object.entries(IMPORT_REFUSALS).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ].join('\n\n')
}
