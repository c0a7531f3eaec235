// Runs before everything else, so in words that old versions of Node.js understand, and without any package: says what
// is missing, where the service itself would die in a library.
'use strict'

var fs = require('fs')
var path = require('path')

var root = path.join(__dirname, '..', '..')
var MIN_VERSION = [20, 19]

var problem = problemOfNode(process.versions.node) || problemOfInstall()
if (problem) {
  process.stderr.write(problem + '\n')
  process.exit(1)
}

function problemOfNode(version) {
  var parts = version.split('.')
  var major = Number(parts[0])
  var minor = Number(parts[1])
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return undefined
  return (
    'Tidings needs Node.js ' +
    MIN_VERSION.join('.') +
    ' or newer; this is ' +
    version +
    ' (' +
    process.execPath +
    ').\nGet a newer one from https://nodejs.org, or with a version manager: nvm install 24'
  )
}

/** A few packages that stand for all: when they are there, npm has done its work. */
function problemOfInstall() {
  var missing = needed().filter(function isMissing(name) {
    return !isInstalled(name)
  })
  if (missing.length === 0) return undefined
  return (
    'The packages are not installed (' +
    missing.join(', ') +
    (missing.length === 1 ? ' is' : ' are') +
    ' missing).\nRun this first, in ' +
    root +
    ':\n\n  npm ci\n'
  )
}

/** A checkout is TypeScript, which tsx runs; in a built tree this file has JavaScript beside it. */
function needed() {
  var isBuilt = fs.existsSync(path.join(root, 'server', 'main.js'))
  return isBuilt ? ['fastify', 'pg'] : ['tsx', 'fastify', 'pg']
}

/** Looks where Node.js will look: in node_modules here and in every folder above, as dist/ lies in a checkout. */
function isInstalled(name) {
  var directory = path.join(root, 'server')
  for (;;) {
    if (fs.existsSync(path.join(directory, 'node_modules', name, 'package.json'))) return true
    if (path.dirname(directory) === directory) return false
    directory = path.dirname(directory)
  }
}
