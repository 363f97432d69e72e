// guards: src/compose/commands.ts
import t, { type Test } from 'tap'
import { createAsk } from '../http/client.ts'
import { desk, jsonLines } from '../world/commands/desk.ts'
import { startGate } from '../world/gate/gate.ts'
import { policyOfCases, REFUSED_FOR_GOOD, REFUSED_SOFTLY, type RefusalCase } from '../world/gate/refusal-cases.ts'
import type { Published } from '../world/world.ts'

interface Told {
  readonly code: string
  readonly admit_with: string | null
  readonly nothing_admits: string | null
  readonly remedy: string
}

/** A gate before the projects of these cases, with what each tells of a refusal. */
async function gateBefore(t: Test, cases: readonly RefusalCase[]) {
  const place = await desk(t)
  const { world } = place
  const named = cases.map((one, at) => ({ ...one, project: `p${at}` }))
  const policy = policyOfCases(named)
  for (const { project, before } of named) if (before !== undefined) await world.release(project, before)
  const gate = await startGate(t, world, { policy })
  const ask = createAsk(t, world, gate.url)
  const refused: { readonly code: string; readonly file: Published; readonly other: Published }[] = []
  for (const { project, code, before, release } of named) {
    const { sdist, wheel } = await release(world, project)
    if (before !== undefined) t.equal((await ask(world.upstream.pathOf(project, `${project}-1.0.tar.gz`))).status, 200)
    refused.push({ code, file: sdist, other: wheel })
  }
  gate.app.reload()

  /** The texts of one refusal: in the JSON of its page, on the page, and by the commands. */
  async function texts(file: Published) {
    const problem = (await ask(file.path)).json()
    const id = problem.explain.slice(problem.explain.lastIndexOf('/') + 1)
    const told: Told = (await ask(`/x/${id}`, { headers: { accept: 'application/json' } })).json()
    const page = (await ask(`/x/${id}`, { headers: { accept: 'text/html' } })).text
    const [, shown] = /<pre id="yaml"[^>]*>([^<]*)<\/pre>/.exec(page) ?? []
    const plain = await ask(`/x/${id}?format=yaml`)
    const [anew] = jsonLines((await place.run('explain', file.filename, '--format', 'json')).out)
    return {
      code: problem.code as string,
      detail: problem.detail as string,
      told,
      page,
      shown: shown
        ?.replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&gt;', '>')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&'),
      plain: plain.status === 200 ? plain.text : undefined,
      anew: anew as unknown as Told,
      id,
    }
  }
  return { place, world, gate, ask, policy, refused, texts }
}

t.test('one text for one refusal, which loads where it is pasted and admits that file alone', async t => {
  const { place, world, gate, ask, policy, refused, texts } = await gateBefore(t, REFUSED_SOFTLY)
  for (const { code, file, other } of refused) {
    const { told, shown, plain, anew, ...found } = await texts(file)
    const what = `${code} of ${file.filename}`
    t.equal(found.code, code, what)
    const yaml = told.admit_with ?? ''
    t.match(yaml, /^---\n(?:#.{0,90}\n)+version: 1\n/, what)
    t.strictSame([shown, plain, anew.admit_with], [yaml, yaml, yaml], `${what}: page, plain text and explain`)
    const before = (await ask(other.path)).status
    const beside = place.write('beside.yaml', yaml)
    t.match(await place.run('policy', 'check', world.writePolicy(policy), beside), { exit: 0 }, `${what}: beside`)
    world.writePolicy(`${policy}${yaml}`)
    t.equal(gate.app.reload(), 'loaded', what)
    t.equal((await ask(file.path)).status, 200, `${what}: admitted\n${yaml}`)
    t.equal((await ask(other.path)).status, before, `${what}: and nothing else`)
    t.match(await place.run('explain', file.filename), { out: /admitted/ }, `${what}: as the commands say`)
    world.writePolicy(policy)
    gate.app.reload()
    t.equal((await ask(file.path)).status, 403, `${what}: and not without it`)
  }
})

t.test('where nothing admits a file none is offered, and it is said why, everywhere in the same words', async t => {
  const { refused, texts } = await gateBefore(t, REFUSED_FOR_GOOD)
  for (const { code, file } of refused) {
    const { told, shown, plain, anew, page, ...found } = await texts(file)
    t.equal(found.code, code)
    t.strictSame([told.admit_with, shown, plain, anew.admit_with], [null, undefined, undefined, null], code)
    t.match(told.nothing_admits, /never waived/, code)
    t.equal(anew.nothing_admits, told.nothing_admits, code)
    t.equal(anew.remedy, told.remedy, code)
    for (const text of [page, found.detail]) t.match(text, told.remedy, code)
    if (code === 'digest-mismatch') t.match(told.remedy, /^Treat the file as tampered with/)
    t.notMatch(page, 'ready to paste', code)
    t.notMatch(page, 'data-copies', code)
    t.match(page, 'never waived', code)
  }
})

t.test('a refusal that was kept is told by its id in the same words', async t => {
  const { place, gate, refused, texts } = await gateBefore(t, REFUSED_SOFTLY.slice(0, 1))
  const [{ file } = { file: undefined }] = refused
  if (file === undefined) throw new TypeError('there is one')
  const { id, told } = await texts(file)
  await gate.stop()
  const { out } = await place.run('explain', id, '--format', 'json')
  const contact = { name: 'Us', url: 'mailto:us@acme.example?subject=unattested' }
  t.match(jsonLines(out), [{ admit_with: told.admit_with, contact }])
  t.match((await place.run('explain', id)).out, `\n${told.admit_with ?? '?'}`, 'at the edge, so that it can be copied')
})
