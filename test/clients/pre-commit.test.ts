import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { readVersion } from '../../src/version.ts'
import { uvLock } from '../world/commands/locks.ts'
import { makeWheel } from '../world/index/distributions.ts'
import { createWorld } from '../world/world.ts'
import { prepare } from './set-up/tools.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')
const { tool, skip: outOfReach } = await prepare('pre-commit')
const skip = outOfReach === false && !existsSync(join(CHECKOUT, '.git')) ? 'this is no clone' : outOfReach

const AUTHOR = ['-c', 'user.name=a', '-c', 'user.email=a@acme.example']

function git(folder: string, ...words: readonly string[]): string {
  return execFileSync('git', [...AUTHOR, ...words], { cwd: folder, encoding: 'utf8' }).trim()
}

/** This repository as pre-commit clones it, with the two files as they are now. */
function hooks(folder: string): { readonly repo: string; readonly rev: string } {
  const repo = join(folder, 'hooks')
  git(folder, 'clone', '--quiet', '--depth=1', `file://${CHECKOUT}`, repo)
  for (const name of ['.pre-commit-hooks.yaml', 'pyproject.toml']) copyFileSync(join(CHECKOUT, name), join(repo, name))
  git(repo, 'add', '--all')
  git(repo, 'commit', '--quiet', '--allow-empty', '--message=c')
  return { repo, rev: git(repo, 'rev-parse', 'HEAD') }
}

const RUN_CHECKOUT = `import os, sys
def main():
    os.execv(${JSON.stringify(`${CHECKOUT}/bin/portcullis`)}, ["portcullis", *sys.argv[1:]])
`

/**
 * A folder with the wheel that the hooks depend on: the one that PORTCULLIS_WHEEL names or, without it, one that runs the command of
 * this checkout, so that what is tested is how pre-commit installs and calls it.
 */
function wheels(folder: string): string {
  const place = join(folder, 'wheels')
  mkdirSync(place)
  const built = process.env['PORTCULLIS_WHEEL']
  if (built !== undefined) {
    copyFileSync(built, join(place, basename(built)))
    return place
  }
  const version = readVersion()
  const files = {
    'run_checkout.py': RUN_CHECKOUT,
    [`portcullis_gate-${version}.dist-info/entry_points.txt`]: '[console_scripts]\nportcullis = run_checkout:main\n',
  }
  const wheel = makeWheel({ name: 'portcullis-gate', version, files })
  writeFileSync(join(place, wheel.filename), wheel.bytes)
  return place
}

async function project(t: Test) {
  const world = await createWorld(t)
  const folder = join(world.folder, 'project')
  mkdirSync(folder)
  git(folder, 'init', '--quiet', '--initial-branch=main')
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    git(folder, 'add', name)
  }
  const own = ['portcullis-report', 'portcullis-audit', 'portcullis-policy-check'].map(id => ({ id }))
  write('.pre-commit-config.yaml', stringify({ repos: [{ ...hooks(world.folder), hooks: own }] }))
  write('portcullis.yaml', stringify(world.configuration()))
  const { PIP_FIND_LINKS: links = '' } = process.env
  const env = {
    ...process.env,
    PRE_COMMIT_HOME: join(world.folder, 'pre-commit'),
    XDG_CACHE_HOME: join(world.folder, 'cache'),
    PIP_FIND_LINKS: `${links} ${wheels(world.folder)}`.trim(),
  }
  return {
    world,
    folder,
    write,
    run: (hook: string) =>
      new Promise<{ exit: number; out: string }>(resolve => {
        const words = ['-m', 'pre_commit', 'run', '--verbose', hook]
        execFile(tool?.python ?? '', words, { cwd: folder, env, timeout: 600_000 }, (error, out, err) =>
          resolve({ exit: error === null ? 0 : Number(error.code ?? -1), out: out + err }),
        )
      }),
  }
}

t.test('the hooks of pre-commit look at what is about to be committed', { skip }, async t => {
  const { world, folder, write, run } = await project(t)
  const { files: old } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { files: now } = await world.release('demo', '2.0', { kinds: ['wheel'], attested: false })
  world.writePolicy()
  write('uv.lock', uvLock(old))
  git(folder, 'commit', '--quiet', '--message=c')

  write('README.md', 'no lock')
  t.match(await run('portcullis-report'), { exit: 0, out: /no files to check/ })
  git(folder, 'commit', '--quiet', '--message=c')

  write('uv.lock', uvLock([...old, ...now]))
  t.match(await run('portcullis-report'), { exit: 1, out: /Against HEAD: 1 bumped.*1 lost its attestation/ })
  t.match(await run('portcullis-audit'), { exit: 1, out: /demo-2\.0-py3-none-any\.whl: unattested/ })
  writeFileSync(join(folder, 'uv.lock'), uvLock(old))
  t.equal((await run('portcullis-audit')).exit, 1, 'what is staged, whatever lies there')

  git(folder, 'checkout', '--quiet', 'HEAD', '--', 'uv.lock')
  write('uv.lock', `${uvLock(old)}# another line\n`)
  t.match(await run('portcullis-report'), { exit: 0, out: /Passed[\s\S]*1 attested/ })
  t.match(await run('portcullis-audit'), { exit: 0, out: /Passed/ })

  write('policy.yaml', '# the policy itself lies elsewhere\n')
  t.match(await run('portcullis-policy-check'), { exit: 0, out: /Passed/ })
  world.writePolicy('version: 1\nprojects: 7\n')
  t.match(await run('portcullis-policy-check'), { exit: 1, out: /exit code: 2[\s\S]*policy\.yaml:2/ })
})
