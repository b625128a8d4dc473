import { dirname } from 'node:path';

/** Shared by all copies of this package in the process, whatever their version: hence `Symbol.for`. */
const LOADED = Symbol.for('nestjs-logout:copies');

interface Registry {
  [LOADED]?: Set<string>;
}

const registry = globalThis as Registry;
const loaded = (registry[LOADED] ??= new Set<string>());
// This folder's parent: where the sources of this copy stand.
loaded.add(dirname(__dirname));

/** Where the copies stand that are loaded, and what to do; `undefined` where there is but this one. */
export function copiesLoaded(): string | undefined {
  if (loaded.size === 1) return undefined;
  return (
    `${loaded.size} copies of nestjs-logout are loaded: ${[...loaded].join(', ')}. One does not know ` +
    'the classes and decorators of another. See by "npm ls nestjs-logout" who asks for which, and ' +
    'leave one, with "npm dedupe" or one version for all.'
  );
}

/** Whether a value is of the class of this name, but of another copy of this package. */
export function isOfOtherCopy(value: unknown, { name }: { readonly name: string }): boolean {
  for (let at = prototypeOf(value); at !== null; at = prototypeOf(at))
    if (Object.hasOwn(at, 'constructor') && nameOf(at) === name) return true;
  return false;
}

function prototypeOf(value: unknown): object | null {
  return typeof value === 'object' && value !== null
    ? (Object.getPrototypeOf(value) as object | null)
    : null;
}

function nameOf({ constructor }: object): string {
  return constructor.name;
}
