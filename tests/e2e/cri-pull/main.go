// Command cri-pull asks a container runtime for an image in the way kubelet does: PullImage over the CRI socket,
// with the credentials of an image pull secret in an AuthConfig.
//
//	cri-pull SOCKET version
//	cri-pull SOCKET pull IMAGE [USERNAME]      the password is read from standard input
//	cri-pull SOCKET remove IMAGE
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: cri-pull SOCKET version|pull|remove [IMAGE [USERNAME]]")
	}
	conn, err := grpc.NewClient("unix://"+args[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	images := cri.NewImageServiceClient(conn)

	switch {
	case args[1] == "version":
		v, err := cri.NewRuntimeServiceClient(conn).Version(ctx, &cri.VersionRequest{})
		if err != nil {
			return err
		}
		fmt.Printf("CRI %s, %s %s\n", v.RuntimeApiVersion, v.RuntimeName, v.RuntimeVersion)
	case args[1] == "pull" && len(args) > 2:
		request := &cri.PullImageRequest{Image: &cri.ImageSpec{Image: args[2]}}
		if len(args) > 3 {
			password, err := io.ReadAll(os.Stdin)
			if err != nil {
				return err
			}
			request.Auth = &cri.AuthConfig{Username: args[3], Password: strings.TrimSpace(string(password))}
		}
		pulled, err := images.PullImage(ctx, request)
		if err != nil {
			return err
		}
		fmt.Println(pulled.ImageRef)
	case args[1] == "remove" && len(args) > 2:
		_, err := images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: args[2]}})
		return err
	default:
		return fmt.Errorf("unknown request: %s", strings.Join(args[1:], " "))
	}
	return nil
}
