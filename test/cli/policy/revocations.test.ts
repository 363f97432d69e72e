import t from 'tap'
import { gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'

t.test('a revocation holds for what is stored, and its downloaders are listed', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const { wheel, sdist } = await world.release('demo', '1.0')
  await world.release('demo', '2.0')
  const policy = policyOf('projects:', rule('demo'))
  const gate = await desk_.gate(policy)
  t.equal(await desk_.ask(gate, wheel), 200)
  t.equal(await desk_.ask(gate, sdist), 200)
  const revoked = policyOf(
    'projects:',
    rule('demo'),
    `revocations:\n  - { sha256: "${wheel.sha256}", reason: malware }\n  - { repository: acme/demo, signed_after: 2020-01-01T00:00:00Z, reason: incident }\n  - { project: other, versions: ">=1", reason: elsewhere }\n  - { project: demo, versions: "==2.0", reason: never taken }`,
  )
  world.writePolicy(revoked)
  t.equal(gate.app.reload(), 'loaded')
  t.equal(await desk_.ask(gate, wheel), 403)
  t.equal(await desk_.ask(gate, sdist), 403)
  await gate.stop()
  const { exit, out } = await desk_.run('revocations', 'show')
  t.equal(exit, 0)
  t.match(
    out,
    /✗ sha256 [0-9a-f]{64} \(malware\)\n(?:.*\n)*? {2}downloaded by 1 client:\n.*\n {2}anonymous +127\.0\.0\.1 +1 +20\S+ +20\S+ +attestation +demo-1\.0-py3-none-any\.whl\n/,
  )
  t.match(out, /acme\/demo, signed from 2020-01-01T00:00:00\.000Z \(incident\)\n(?:.*\n)*?.*demo-1\.0\.tar\.gz/)
  t.match(out, /other >=1 \(elsewhere\)\n.*\n {2}no file of it is on record/)
  t.match(
    out,
    /demo ==2\.0 \(never taken\)\n.*\n {2}demo-2\.0-py3(?:.*\n)*? {2}nobody downloaded it/,
    'known from the page',
  )
  const lines = (await desk_.run('revocations', 'show', '--format', 'json')).out.trim().split('\n')
  t.match(JSON.parse(lines[0] ?? ''), {
    files: [{ filename: wheel.filename, sha256: wheel.sha256, held: true }],
    downloads: [{ subject: 'anonymous', index: 'main', client: '127.0.0.1', filename: wheel.filename, requests: 1 }],
  })
  const untaken: { files: { held: boolean }[]; downloads: unknown[] } = JSON.parse(lines[3] ?? '')
  t.strictSame([untaken.files.map(({ held }) => held), untaken.downloads], [[false, false], []])
})
