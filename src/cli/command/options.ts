import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Instant, parseInstant } from '../../domain/base/instant.ts'

/** Options that several commands share. */
export interface JudgingOptions {
  readonly policy?: readonly string[]
  readonly trustRoot?: string
  readonly index?: string
  readonly at?: Instant
  readonly format: 'text' | 'json'
}

export function withJudgingOptions(command: Command): Command {
  return command
    .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
    .option('--trust-root <file>', 'a trusted_root.json instead of the configured trust root', text => resolve(text))
    .option('--index <name>', 'what this index says, where several are configured; default: the first')
    .option(
      '--at <time>',
      'judge exemptions as of this moment: 2026-11-24 or 2026-11-24T12:00:00Z. Signatures are always judged at the time that the log signed',
      parseTimeOption,
    )
    .addOption(formatOption('json prints one object a line and a file'))
}

export function formatOption(description: string): Option {
  return new Option('--format <format>', description).choices(['text', 'json']).default('text')
}

/**
 * An option whose default is written as somebody would type it: help says `30d`, and what it stands for is what the option's own
 * parser makes of it.
 */
export function writtenOption(
  flags: string,
  description: string,
  { parse, otherwise }: { readonly parse: (text: string) => unknown; readonly otherwise: string },
): Option {
  return new Option(flags, description).argParser(parse).default(parse(otherwise), otherwise)
}

/** An option that may be given several times, one value each: more than one would swallow an argument. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

export function parseTimeOption(text: string): Instant {
  const at = timeIn(text)
  if (at === undefined) throw new InvalidArgumentError(`Not ${TIMES}.`)
  return at
}

/** What {@link timeIn} reads, for whoever wrote something else. */
export const TIMES = 'a date (2026-11-24) or a time with its offset (2026-11-24T12:00:00Z)'

/** A date is the moment when it begins, in UTC. */
export function timeIn(text: string): Instant | undefined {
  return parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
}

/** For the help of commands that read the configuration. */
export const ENVIRONMENT = `Environment:
  PORTCULLIS_… (every configuration key, such as PORTCULLIS_UPSTREAM_INDEX),
  NO_COLOR, FORCE_COLOR, PORTCULLIS_DEBUG=1 (the stack of an error)`
