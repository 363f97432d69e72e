import { cut } from '../../domain/base/cut.ts'
import { inert } from '../terminal/screen.ts'
import { type Level, placeIn, type Remark } from './remark.ts'

/** A runner shows ten annotations of a kind for one step, and keeps no more. */
const MOST = 10
const LONGEST = 1_000

const COMMANDS = [
  ['error', 'error'],
  ['warning', 'warning'],
  ['note', 'notice'],
] as const satisfies readonly (readonly [Level, string])[]

/**
 * Workflow commands of GitHub's runner, a line each: what is to be said of one line of a lock by one rule is one annotation. Each
 * text is escaped as the runner's own toolkit does it, so that nothing in it ends the line, its property or the command.
 */
export function annotationsOf(remarks: readonly Remark[], folder: string): string {
  return COMMANDS.flatMap(([level, command]) => {
    const same = Map.groupBy(
      remarks.filter(remark => remark.level === level),
      ({ rule, lock, line }) => `${rule.id} ${line} ${lock}`,
    )
    const lines = [...same.values()].map(group => annotation(command, group, folder))
    if (lines.length <= MOST) return lines
    const more = `and ${lines.length - MOST + 1} more: see the log, or the SARIF file`
    return [...lines.slice(0, MOST - 1), `::${command} title=portcullis::${data(more)}\n`]
  }).join('')
}

function annotation(command: string, group: readonly Remark[], folder: string): string {
  const [first] = group
  if (first === undefined) return ''
  const { rule, lock, line, message } = first
  const more = group.length === 1 ? '' : ` (and ${group.length - 1} more of the same)`
  const properties = [`file=${property(placeIn(folder, lock))}`, `line=${line}`, `title=${property(rule.id)}`]
  return `::${command} ${properties.join(',')}::${data(`${cut(message, LONGEST)}${more}`)}\n`
}

/** `escapeData` of the toolkit. */
function data(text: string): string {
  return inert(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** `escapeProperty` of the toolkit. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
