'use strict'
// Runs before dist/main.js: what V8 made of the modules is kept, so that the next start need not make it again. Whoever can write
// there runs code as whoever reads it, so it is kept beside the program where that brings it (the image), else in the user's own cache
// folder, and nowhere where anybody but this user or root could put or replace something.

const fs = require('node:fs')
const path = require('node:path')
const { enableCompileCache, getCompileCacheDir } = require('node:module')

const OTHERS_WRITE = 0o022
const OTHERS_AT_ALL = 0o077
const STICKY = 0o1000
/** Files that are kept at most, of some 80 KB each; one version of the program on one Node has fewer than a hundred. */
const MOST = 800

/** Whether nobody but this user and root can replace what is found under this path. */
function isKeptByUs(folder, user) {
  for (let at = folder; ; at = path.dirname(at)) {
    const { uid, mode } = fs.statSync(at)
    if (uid !== user && uid !== 0) return false
    // in /tmp everybody may make something, and nobody may touch what is another's
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) return false
    if (at === path.dirname(at)) return true
  }
}

function userFolder(environment, user) {
  const cache = environment.XDG_CACHE_HOME || (environment.HOME && path.join(environment.HOME, '.cache'))
  if (!cache || !path.isAbsolute(cache)) return undefined
  const folder = path.join(cache, 'portcullis', 'code')
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = fs.lstatSync(folder)
  if (uid !== user || (mode & OTHERS_AT_ALL) !== 0) return undefined
  return isKeptByUs(fs.realpathSync(folder), user) ? folder : undefined
}

/** Every version and every place it is installed at leaves files of its own: those that were written longest ago go. */
function sweep(folder) {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name))
  if (files.length <= MOST) return
  const aged = files.map(file => ({ file, at: fs.statSync(file).mtimeMs })).sort((one, other) => other.at - one.at)
  for (const { file } of aged.slice(MOST / 2)) fs.rmSync(file, { force: true })
}

/** Nothing that fails here is a reason not to start: then there is no cache. */
function keep() {
  if (getCompileCacheDir() !== undefined || process.getuid === undefined) return
  try {
    const brought = path.join(__dirname, '../dist/cache')
    const directory = fs.existsSync(brought) ? brought : userFolder(process.env, process.getuid())
    // by relative paths: what was made where the image was built counts where it is run
    if (directory !== undefined) enableCompileCache({ directory, portable: directory === brought })
    if (directory !== undefined && directory !== brought) sweep(directory)
  } catch {}
}

keep()
