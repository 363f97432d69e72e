import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import { openApiScene } from '../../http/console/api/api-scene.ts'
import { runCommand } from '../../world/commands/commands.ts'
import type { Published } from '../../world/world.ts'

export const DAY = 86_400_000
const RULES =
  'version: 1\nprojects:\n  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }\n'

/** A gate that has seen something, its data folder, and commands that ask either. */
export async function openTwoWays(t: Test) {
  const published: Published[] = []
  const scene = await openApiScene(t, {
    policy: RULES,
    async prepare(world) {
      published.push(...(await world.release('demo', '1.0')).files)
      published.push(...(await world.release('demo', '2.0', { attested: false })).files)
    },
  })
  const { world, url } = scene
  const named = (text: string) => published.find(({ filename }) => filename.includes(text))
  const [wheel, refusedWheel] = [named('1.0-py3'), named('2.0-py3')]
  if (wheel === undefined || refusedWheel === undefined) throw new TypeError('they were published')
  const sha256 = refusedWheel.sha256
  const expires = new Date(Date.now() + 5 * DAY).toISOString().slice(0, 10)
  world.writePolicy(
    `${RULES}exemptions:\n  - { id: E-1, project: demo, files: { ${refusedWheel.filename.replace('2.0', '9.0')}: "sha256:${sha256}" }, waive: [attestation], reason: r, owner: o, expires: ${expires} }\nrevocations:\n  - { project: demo, versions: "==3.0", reason: none such }\n  - { sha256: "${'a'.repeat(64)}", reason: elsewhere }\n`,
  )
  scene.gate.app.reload()
  await scene.ask(wheel)
  const { refusal } = await scene.ask(refusedWheel)
  await scene.gate.app.gate.settled()
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  writeFileSync(join(world.folder, 'token'), `${await scene.token('dev', ['read'])}\n`)
  const clock = Date.now()
  const run = async (argv: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const ended = await runCommand(argv, { folder: world.folder, environment })
    return {
      ...ended,
      out: ended.out.replaceAll(`${world.folder}/`, ''),
      err: ended.err.replaceAll(`${world.folder}/`, ''),
    }
  }
  const afar = ['--gate', url, '--gate-token', join(world.folder, 'token')]
  return { ...scene, wheel, refusedWheel, refusal, run, afar, clock }
}

/** Resolves when what was asked for stands in the data folder: it is written behind. */
export async function written(run: Awaited<ReturnType<typeof openTwoWays>>['run']): Promise<void> {
  while (!/demo-1\.0/.test((await run(['downloads', 'show', 'demo'])).out))
    await new Promise(resolve => setTimeout(resolve, 100))
}
