import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { onPaper } from '../../../src/cli/terminal/on-paper.ts'
import { createOutput } from '../../../src/cli/terminal/output.ts'
import { createScreen, styled } from '../../../src/cli/terminal/screen.ts'
import { ended, PORTCULLIS, portcullis } from '../../world/commands/commands.ts'
import { createWorld } from '../../world/world.ts'

t.test('a reader that goes away is no failure', async t => {
  const folder = t.testdir()
  const { out, err } = await ended('/bin/sh', ['-c', `'${PORTCULLIS}' verify --help | head -n 1`], { folder })
  t.equal(out, 'Usage: portcullis verify [options] <file | name==version>\n')
  t.equal(err, '')
})

t.test('colours: none in a pipe, FORCE_COLOR demands them, NO_COLOR wins', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  world.writePolicy()
  const run = (environment: Readonly<Record<string, string>>) =>
    portcullis({ folder: world.folder, environment }, 'verify', 'demo==1.0')
  const plain = await run({})
  const forced = await run({ FORCE_COLOR: '1' })
  t.equal(plain.out, stripVTControlCharacters(plain.out))
  t.not(forced.out, plain.out)
  t.equal(stripVTControlCharacters(forced.out), plain.out)
  t.equal((await run({ FORCE_COLOR: '1', NO_COLOR: '1' })).out, plain.out)
})

function output(t: Test, streams: { readonly isTTY?: boolean; readonly columns?: number }, environment = {}) {
  const stream = { ...streams, write: () => true, on: () => t }
  return createOutput({ stdout: stream, stderr: stream }, environment)
}

t.test('a terminal gets colour, width and progress; a pipe gets none of them; a dumb terminal no escape', async t => {
  t.match(output(t, { isTTY: true, columns: 90 }), { colour: { out: true, err: true }, columns: 90, progress: true })
  t.match(output(t, { isTTY: true, columns: 300 }), { columns: 100 })
  t.match(output(t, {}), { colour: { out: false, err: false }, columns: undefined, progress: false })
  t.match(output(t, { isTTY: true }, { TERM: 'dumb' }), { colour: { out: false }, progress: false })
  t.match(output(t, { isTTY: true }, { NO_COLOR: '1' }), { colour: { out: false } })
  t.match(output(t, { isTTY: true }, { NO_COLOR: '' }), { colour: { out: true } }, 'an empty variable is not set')
  t.match(output(t, {}, { FORCE_COLOR: '0' }), { colour: { out: false } })
})

t.test('on paper there are no colours, nothing is wrapped, and what goes to stderr is left out', async t => {
  const told = onPaper(output => {
    createScreen(output).prose([styled('bad', '✗'), ' '], 'word '.repeat(60).trimEnd())
    output.err('beside')
  })
  t.equal(told, `✗ ${'word '.repeat(60).trimEnd()}\n`)
})
