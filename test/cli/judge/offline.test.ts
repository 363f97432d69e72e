import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { createWorld } from '../../world/world.ts'

t.test(
  'where the configuration says offline, nothing that would ask an index does, and says what to do instead',
  async t => {
    const world = await createWorld(t)
    await world.release('demo', '1.0')
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify({ ...world.configuration(), offline: true }))
    world.writePolicy('version: 1\nprojects: [{ match: demo, identity: first-seen }]\n')
    const lock = join(world.folder, 'requirements.txt')
    writeFileSync(lock, 'demo==1.0\n')
    for (const words of [
      ['explain', 'demo'],
      ['explain', 'demo==1.0'],
      ['audit', lock],
      ['policy', 'init', lock],
    ]) {
      const { exit, err, out } = await runCommand(words, { folder: world.folder })
      t.match(
        { exit, told: err + out },
        { exit: words[0] === 'policy' ? 3 : 2, told: /the configuration says offline.*--gate URL/s },
        words.join(' '),
      )
    }
    t.strictSame(world.upstream.requests, [], 'not a packet')
  },
)
