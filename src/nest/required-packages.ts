import { requirePackages } from '../options/required-packages';

requirePackages('nestjs-logout', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/passport': () => require('@nestjs/passport'),
  'class-validator': () => require('class-validator'),
  passport: () => require('passport'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
