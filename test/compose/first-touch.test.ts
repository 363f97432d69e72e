import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { touchFolder } from '../../src/compose/first-touch.ts'
import { portcullis } from '../world/commands/commands.ts'
import { createWorld } from '../world/world.ts'

t.test('a folder that answers is fine, whatever the answer is', async t => {
  await touchFolder(t.testdir())
  await touchFolder(join(t.testdir(), 'not-there'))
  await touchFolder('-R', { list: ['ls', '-A', '--'] })
  await touchFolder(t.testdir(), { list: ['a-program-that-is-not-there'] })
  t.pass('none of them is a reason not to go on')
})

t.test('one that does not answer is told, and what looked into it is ended', async t => {
  const late = touchFolder('3600', { patienceMs: 200, list: ['sleep'] })
  await t.rejects(late, { code: 'config-invalid', detail: /data folder 3600 does not answer within 0\.2 s/ })
})

t.test('a gate and commands whose data folder hangs say so and end', async t => {
  // whoever looks into the folder is held there, as by a call that does not come back
  const held = t.testdir()
  writeFileSync(join(held, 'ls'), '#!/bin/sh\nexec sleep 3600\n', { mode: 0o755 })
  const world = await createWorld(t)
  world.writePolicy('version: 1\nprojects: [{ match: demo, attestation: optional }]\n')
  writeFileSync(join(world.folder, 'portcullis.yaml'), JSON.stringify({ ...world.configuration(), data: 'away' }))
  const environment = { PATH: `${held}:${process.env['PATH']}` }
  const ways = [['serve'], ['history', 'show', 'demo'], ['explain', 'demo'], ['mirror', 'verify']]
  await Promise.all(
    ways.map(async words => {
      const { exit, err } = await portcullis({ folder: world.folder, environment }, ...words)
      t.equal(exit, 2, words.join(' '))
      t.match(err, /error: configuration is wrong\nthe data folder \S+away does not answer within 5 s/, words.join(' '))
    }),
  )
})
