import type { Command } from 'commander'
import { collect } from '../command/options.ts'

/** Where a mirror is, and what judges it. */
export function withMirrorOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'the mirror’s data folder')
    .option('--policy <file>', 'judge by this policy file or folder; may be given several times', collect)
}
