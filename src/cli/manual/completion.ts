import { Argument, type Command } from 'commander'
import type { Services } from '../command/services.ts'
import { outlineOf } from './outline.ts'
import { completionFor, SHELLS, type Shell } from './shells.ts'

const DESCRIPTION = `Prints a script that completes commands, options, the words that an option takes and refusal codes. It is made of the commands themselves, and runs nothing when it completes.`

const MORE = `
Exit codes:
  0  printed
  2  usage

Environment:
  none

Examples:
  source <(portcullis completion bash)        # in ~/.bashrc
  source <(portcullis completion zsh)         # in ~/.zshrc, after compinit
  portcullis completion fish | source         # in config.fish`

/** `completion bash|zsh|fish`. */
export function addCompletionCommand(program: Command, { output }: Pick<Services, 'output'>): void {
  program
    .command('completion')
    .description(DESCRIPTION)
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText('after', MORE)
    .action((shell: Shell) => {
      output.out(completionFor(shell, outlineOf(program)))
    })
}
