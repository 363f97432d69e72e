import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const FIRST_SEEN = 'version: 1\nprojects: [{ match: demo, identity: first-seen }]\n'

async function twoGates(t: Test, world: World) {
  const database = await (await startCluster(t)).database()
  const [one, other] = await Promise.all(
    ['one', 'other'].map(name =>
      startGate(t, world, {
        policy: FIRST_SEEN,
        configuration: { data: `${world.folder}/${name}`, store: { database } },
      }),
    ),
  )
  if (one === undefined || other === undefined) throw new TypeError('two gates were started')
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  /** A command with the data folder of one of them. */
  const run = async ({ config }: WorldGate, ...argv: readonly string[]) =>
    await runCommand(argv, {
      folder: world.folder,
      environment: { PORTCULLIS_STORE_DATABASE: database, PORTCULLIS_DATA: config.data },
    })
  return { one, other, run }
}

async function ask({ url }: WorldGate, { path }: Pick<Published, 'path'>) {
  const answer = await fetch(`${url}${path}`)
  const text = await answer.text()
  return { status: answer.status, code: answer.ok ? undefined : String(JSON.parse(text).code) }
}

/** What both of them tell, once what each of them writes behind is in the database: it is the same, and says `what`. */
async function toldAlike(
  t: Test,
  [one, other]: readonly [WorldGate, WorldGate],
  told: (gate: WorldGate) => Promise<string>,
  what = '',
): Promise<string> {
  const [here, there] = await comesTo(
    'both tell the same',
    async () => [await told(one), await told(other)] as const,
    ([first, second]) => first !== '' && first === second && first.includes(what),
    200,
  )
  t.equal(there, here)
  return here
}

t.test(
  'a change of who signs is held by both gates, whichever saw the first signer',
  { skip: NO_POSTGRES },
  async t => {
    const world = await createWorld(t)
    const { wheel: first } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    const identity = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const
    const { wheel: changed } = await world.release('demo', '2.0', { kinds: ['wheel'], identity })
    const { one, other, run } = await twoGates(t, world)
    t.equal((await ask(one, first)).status, 200)
    for (const gate of [other, one]) t.strictSame(await ask(gate, changed), { status: 403, code: 'publisher-changed' })
    const held = async (gate: WorldGate) => (await run(gate, 'policy', 'approve', 'demo')).out
    t.match(await toldAlike(t, [one, other], held), /mallory\/demo/)
  },
)

t.test(
  'what is revoked is refused by both gates, and who got it of either is told once',
  { skip: NO_POSTGRES },
  async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
    const { one, other, run } = await twoGates(t, world)
    for (const gate of [one, other]) t.equal((await ask(gate, wheel)).status, 200)
    world.writePolicy(`${FIRST_SEEN}revocations:\n  - { sha256: "${wheel.sha256}", reason: malware }\n`)
    for (const { app } of [one, other]) app.reload()
    for (const gate of [one, other]) t.strictSame(await ask(gate, wheel), { status: 403, code: 'revoked' })
    const told = async (gate: WorldGate) => (await run(gate, 'revocations', 'show', '--format', 'json')).out
    t.match(await toldAlike(t, [one, other], told, '"requests":2'), wheel.filename)
  },
)
