import type { Argument, Command, Option } from 'commander'
import { REFUSALS } from '../../domain/base/refusal.ts'

/** What may stand somewhere: one of some words, a path, or something that only a person knows. */
export type Values = readonly string[] | 'a path' | 'anything'

export interface OutlinedOption {
  /** `--format <format>`, `-h, --help` */
  readonly flags: string
  /** `--format`; of some also `-h` */
  readonly names: readonly string[]
  readonly description: string
  /** what its value may be; `undefined` where it takes none */
  readonly values: Values | undefined
}

/** A command as data, with all that stands below it. */
export interface Outline {
  /** from the program on: `['portcullis', 'policy', 'check']` */
  readonly path: readonly string[]
  readonly summary: string
  /** its own, then those of every command */
  readonly options: readonly OutlinedOption[]
  readonly operands: readonly Values[]
  readonly commands: readonly Outline[]
  /** the help, as it is printed */
  readonly help: string
}

/** What commander was told of a command. */
export function outlineOf(command: Command, above: readonly string[] = []): Outline {
  const path = [...above, command.name()]
  const help = command.createHelp()
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  return {
    path,
    summary: command.summary() || command.description(),
    options: uniqueBy(options.map(outlineOption), ({ flags }) => flags),
    operands: command.registeredArguments.map(argument => valuesOf(argument.name(), argument)),
    commands: command.commands.map(each => outlineOf(each, path)),
    help: helpOf(command),
  }
}

/** Every command that somebody can type, and the groups above them. */
export function everyOutline(outline: Outline): readonly Outline[] {
  return [outline, ...outline.commands.flatMap(everyOutline)]
}

/** Names of options that take a value, anywhere: that one name means the same everywhere is tested. */
export function valuedNames(outline: Outline): readonly string[] {
  const options = everyOutline(outline).flatMap(({ options: own }) => own)
  return [...new Set(options.flatMap(({ names, values }) => (values === undefined ? [] : names)))]
}

function outlineOption(option: Option): OutlinedOption {
  const { flags, short, long, description } = option
  const placeholder = /[<[](.*)[>\]]$/.exec(flags)?.[1]
  return {
    flags,
    names: [long, short].filter(name => name !== undefined && name !== null),
    description,
    values: placeholder === undefined ? undefined : valuesOf(placeholder, option),
  }
}

const PATHS = /^(?:file|folder|lockfile|plan|manifest|publickey|old|new)\b/

function valuesOf(placeholder: string, { argChoices }: Pick<Option | Argument, 'argChoices'>): Values {
  if (argChoices !== undefined) return argChoices
  if (/^code\b/.test(placeholder)) return CODES
  return PATHS.test(placeholder) ? 'a path' : 'anything'
}

const CODES = Object.keys(REFUSALS)

/** With what is added below it, as `--help` prints it on paper that is 80 columns wide. */
function helpOf(command: Command): string {
  let text = ''
  const before = command.configureOutput()
  command.configureOutput({
    ...before,
    writeOut: more => {
      text += more
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  command.configureOutput(before)
  return text
}

function uniqueBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return [...new Map(items.map(item => [key(item), item])).values()]
}
