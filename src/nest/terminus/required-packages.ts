import { requirePackages } from '../../options/required-packages';

requirePackages('nestjs-logout/terminus', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/terminus': () => require('@nestjs/terminus'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
