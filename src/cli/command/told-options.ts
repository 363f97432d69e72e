import { formatInstant } from '../../domain/base/instant.ts'
import type { JudgingOptions } from './options.ts'

interface Given extends Partial<JudgingOptions> {
  readonly config?: string
}

interface Chosen {
  readonly python?: readonly { readonly text: string }[]
  readonly platform?: readonly { readonly text: string }[]
}

/** What a verdict depends on, as somebody would type it again: a command that is told must come to the same verdict. */
export function verdictOptions({ config, policy = [], trustRoot, index, at }: Given): readonly string[] {
  return [
    ...typed('--config', config),
    ...policy.flatMap(path => typed('--policy', path)),
    ...typed('--trust-root', trustRoot),
    ...typed('--index', index),
    ...typed('--at', at && formatInstant(at)),
  ]
}

/** Which files of a release are meant. */
export function choosingOptions({ python = [], platform = [] }: Chosen): readonly string[] {
  return [
    ...python.flatMap(({ text }) => typed('--python', text)),
    ...platform.flatMap(({ text }) => typed('--platform', text)),
  ]
}

function typed(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, shellWord(value)]
}

/** In single quotes where a shell would take it for more than a word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
