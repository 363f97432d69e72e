import type { Command } from 'commander'
import type { Conclude } from './services.ts'

/** A command as the help of what is above it shows it. Its module is loaded where somebody means it. */
export interface CommandEntry<Given> {
  readonly name: string
  /** the command of a group that has no other */
  readonly only?: string
  readonly summary: string
  load(): Promise<AddCommand<Given>>
}

export type AddCommand<Given> = (
  parent: Command,
  services: Given,
  conclude: Conclude,
  isMeant: IsMeant,
) => void | Promise<void>

/** Whether a command of this name may be asked for. */
export type IsMeant = (name: string) => boolean

/** What a command says and does where it is meant, else its name and summary: `--help` waits for no module of another command. */
export async function addCommands<Given>(
  parent: Command,
  entries: readonly CommandEntry<Given>[],
  given: { readonly services: Given; readonly conclude: Conclude; readonly isMeant: IsMeant },
): Promise<void> {
  const { services, conclude, isMeant } = given
  const adds = await Promise.all(entries.map(async ({ name, load }) => (isMeant(name) ? await load() : undefined)))
  for (const [index, { name, only, summary }] of entries.entries()) {
    const add = adds[index]
    if (add === undefined) {
      const listed = parent.command(name)
      if (only !== undefined) listed.command(only)
    } else await add(parent, services, conclude, isMeant)
    parent.commands.find(command => command.name() === name)?.summary(summary)
  }
}
