import { type Command, InvalidArgumentError } from 'commander'
import { REFUSALS, type RefusalCode } from '../../domain/base/refusal.ts'
import { collect } from '../command/options.ts'

/** Where a mirror is, and what judges it. */
export function withMirrorOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'the mirror’s data folder')
    .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
}

/** For options that name refusal codes. */
export function collectCodes(text: string, before: readonly RefusalCode[] | undefined): readonly RefusalCode[] {
  const codes = text.split(',').map(code => {
    if (!isRefusalCode(code)) throw new InvalidArgumentError(`${JSON.stringify(code)} is not a refusal code.`)
    return code
  })
  return [...(before ?? []), ...codes]
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code)
}
