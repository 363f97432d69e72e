import { Command } from 'commander'
import t from 'tap'
import { addCommands, type CommandEntry } from '../../../src/cli/command/entries.ts'

/** A program of two commands, and which of them were loaded. */
async function programOf(isMeant: (name: string) => boolean): Promise<{ help: string; loaded: readonly string[] }> {
  const loaded: string[] = []
  const entry = (name: string, summary: string): CommandEntry<undefined> => ({
    name,
    summary,
    async load() {
      loaded.push(name)
      return parent => {
        parent.command(name).description(`Does ${name}.`).option('--much')
      }
    },
  })
  const program = new Command('gate')
  const entries = [entry('serve', 'run it'), { ...entry('lock', 'change locks'), only: 'rewrite' }]
  await addCommands(program, entries, { services: undefined, conclude: () => {}, isMeant })
  const help = program.commands.map(each => `${each.name()}: ${each.summary()} [${each.commands.length}]`).join('\n')
  return { help, loaded }
}

t.test('a command that nobody means is listed with its summary, and not loaded', async t => {
  const { help, loaded } = await programOf(() => false)
  t.strictSame(loaded, [])
  t.equal(help, 'serve: run it [0]\nlock: change locks [1]', 'a group of one with the command in it')
})

t.test('a command that is meant is loaded, at its place among the others', async t => {
  const { help, loaded } = await programOf(name => name === 'lock')
  t.strictSame(loaded, ['lock'])
  t.match(help, /^serve: run it.*\nlock: change locks/)
})
