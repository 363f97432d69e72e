import t from 'tap'
import { everyOutline, outlineOf, valuedNames } from '../../../src/cli/manual/outline.ts'
import { createProgram, type ProgramServices } from '../../../src/cli/program.ts'
import { REFUSALS } from '../../../src/domain/base/refusal.ts'
import { paper } from '../terminal/on-paper.ts'

const program = await createProgram({ output: paper(), version: '1.2.3' } as unknown as ProgramServices, () => {})
const outline = outlineOf(program)
const every = everyOutline(outline)

t.test('every command is there, with what may follow it', t => {
  const found = (path: string) => every.find(each => each.path.join(' ') === path)
  t.match(found('portcullis policy check'), { operands: ['a path'] })
  t.match(
    found('portcullis mirror fetch')?.options.find(({ names }) => names[0] === '--allow-refused'),
    { values: Object.keys(REFUSALS) },
  )
  t.match(
    found('portcullis explain')?.options.find(({ names }) => names[0] === '--all'),
    { values: undefined },
  )
  for (const { path, help, summary } of every) {
    t.match(help, new RegExp(`^Usage: ${path.join(' ')}`), path.join(' '))
    t.ok(summary.length > 0, path.join(' '))
  }
  t.end()
})

t.test('a name of an option takes a value everywhere or nowhere, which is what shells go by', t => {
  const valued = valuedNames(outline)
  const bare = every.flatMap(({ options }) =>
    options.flatMap(({ names, values }) => (values === undefined ? names : [])),
  )
  t.strictSame(
    bare.filter(name => valued.includes(name)),
    [],
  )
  t.end()
})

t.test('what help says of a default is what somebody would type', async t => {
  const commands = [program, ...program.commands, ...program.commands.flatMap(each => each.commands)]
  let written = 0
  for (const command of commands)
    for (const { flags, defaultValue, defaultValueDescription, parseArg } of command.options) {
      if (defaultValue === undefined) continue
      const shown = defaultValueDescription ?? defaultValue
      const what = `${command.name()} ${flags}: ${shown}`
      t.type(shown, 'string', what)
      if (parseArg === undefined || typeof shown !== 'string') continue
      if (defaultValueDescription === undefined) continue // of choices, which stand for themselves
      written += 1
      t.strictSame(parseArg(shown, undefined), defaultValue, what)
    }
  t.ok(written >= 4, `${written} defaults are written in another form than they are kept`)
})
