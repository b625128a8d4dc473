import { requirePackages } from '../../options/required-packages';

requirePackages('nestjs-logout/jwt', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/jwt': () => require('@nestjs/jwt'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
