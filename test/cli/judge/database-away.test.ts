import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { createWorld } from '../../world/world.ts'

t.test('what gates share and nobody can read is no reason to say that a file passes', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  world.writePolicy('version: 1\nprojects: [{ match: demo, identity: first-seen }]\n')
  const lock = join(world.folder, 'requirements.txt')
  writeFileSync(lock, 'demo==1.0\n')
  const configuration = (more: object) =>
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify({ ...world.configuration(), ...more }))
  const run = async (...words: readonly string[]) => await runCommand(words, { folder: world.folder })
  configuration({})
  t.equal((await run('explain', 'demo==1.0')).exit, 0)
  configuration({ store: { database: 'postgres://nobody@127.0.0.1:1/none' } })
  for (const [command, of] of [
    ['explain', 'demo==1.0'],
    ['audit', lock],
  ] as const)
    t.match(await run(command, of), { exit: 3, err: /unknown-store|the database/ }, command)
})
